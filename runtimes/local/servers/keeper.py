"""Keeps one server: starts it as a child, writes its log, records who runs and how it ended.

Started by the provider in a session of its own, with one JSON document on standard input:
``command``, ``environment``, ``folder`` (run folder), ``log`` (log file), ``spec`` (hash of what was
asked for), ``ports`` and ``stopSignal``. It answers one JSON line on standard output, ``{"child": pid}``
or ``{"error": sentence}``, and goes on alone. Standard library only. It never restarts the server:
that is for the next ``up``, so nothing can flap.
"""

import contextlib
import ctypes
import fcntl
import json
import os
import select
import signal
import subprocess
import sys
import time

LOG_BYTES = 10 * 1024 * 1024
LOG_FILES = 5
PR_SET_PDEATHSIG = 1


class RotatedLog:
    """Appends to ``path``; at ``limit`` bytes it becomes ``path.1`` and so on, ``files`` files in all.

    A full disk loses log lines, never the server.
    """

    def __init__(self, path, limit=LOG_BYTES, files=LOG_FILES):
        self.path, self.limit, self.files = path, limit, files
        self.open()

    def open(self):
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        self.fd = os.open(self.path, flags, 0o600)
        self.size = os.fstat(self.fd).st_size

    def rotate(self):
        os.close(self.fd)
        names = [self.path] + [f"{self.path}.{n}" for n in range(1, self.files)]
        for older, newer in zip(reversed(names), reversed(names[:-1])):
            if os.path.exists(newer):
                os.replace(newer, older)
        self.open()

    def write(self, data):
        try:
            if self.size and self.size + len(data) > self.limit:
                self.rotate()
            self.size += os.write(self.fd, data)
        except OSError:
            pass


def start_of(pid):
    """When a process started, as text that a later process with the same pid can't have."""
    if sys.platform != "linux":
        environment = {**os.environ, "LC_ALL": "C", "TZ": "UTC"}
        command = ["ps", "-o", "lstart=", "-p", str(pid)]
        return subprocess.check_output(command, env=environment, text=True).strip()
    with open("/proc/sys/kernel/random/boot_id") as file:
        boot = file.read().strip()
    with open(f"/proc/{pid}/stat") as file:
        ticks = file.read().rpartition(")")[2].split()[19]
    return f"{boot}/{ticks}"


def write_json(folder, name, document):
    """Readers see the old file or the whole new one."""
    part = os.path.join(folder, f".{name}.{os.getpid()}")
    with open(part, "w") as file:
        json.dump(document, file)
    os.replace(part, os.path.join(folder, name))


def die_with(parent):
    """For the child, before it becomes the server: the kernel kills it when its keeper dies (Linux)."""
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None

    def set_signal():
        if libc:
            libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != parent:
                os._exit(1)

    return set_signal


def answer(document):
    """The provider may be gone by now, interrupted; the server is kept all the same."""
    try:
        sys.stdout.write(json.dumps(document) + "\n")
        sys.stdout.flush()
    except OSError:
        pass
    nothing = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(nothing, fd)


def start(order):
    """Starts the server. Returns it with its log and the read end of its output."""
    folder = order["folder"]
    lock = os.open(
        os.path.join(folder, "keeper.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
    )
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise OSError("another keeper runs it already") from None
    log = RotatedLog(order["log"])
    reader, writer = os.pipe2(os.O_CLOEXEC) if hasattr(os, "pipe2") else os.pipe()
    child = subprocess.Popen(
        order["command"],
        cwd=folder,
        env=order["environment"],
        stdin=subprocess.DEVNULL,
        stdout=writer,
        stderr=writer,
        process_group=0,
        preexec_fn=die_with(os.getpid()),
    )
    os.close(writer)
    try:
        running = {
            "keeper": {"pid": os.getpid(), "start": start_of(os.getpid())},
            "child": {"pid": child.pid, "start": start_of(child.pid)},
            "spec": order["spec"],
            "ports": order["ports"],
        }
        write_json(folder, "pid.json", running)
    except (OSError, subprocess.SubprocessError):
        child.kill()
        raise
    return child, log, reader


def keep(child, log, reader, wake, stopping):
    """Copies output to the log until the server ends; returns its exit status."""
    poll = select.poll()
    poll.register(wake, select.POLLIN)
    poll.register(reader, select.POLLIN | select.POLLHUP)
    while child.poll() is None:
        for fd, _ in poll.poll():
            if fd == wake:
                os.read(wake, 512)
                if stopping:
                    signal_group(child.pid, stopping.pop())
            else:
                data = os.read(reader, 65536)
                if data:
                    log.write(data)
                else:
                    poll.unregister(reader)
    # What the server started and left behind would hold its port.
    signal_group(child.pid, signal.SIGKILL)
    os.set_blocking(reader, False)
    try:
        while data := os.read(reader, 65536):
            log.write(data)
    except BlockingIOError:
        pass
    return child.returncode


def signal_group(group, number):
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def main():
    order = json.load(sys.stdin)
    os.umask(0o077)
    stopping = []
    wake, wake_writer = os.pipe()
    for fd in (wake, wake_writer):
        os.set_blocking(fd, False)
        os.set_inheritable(fd, False)
    signal.set_wakeup_fd(wake_writer, warn_on_full_buffer=False)
    stop_signal = getattr(signal, order["stopSignal"])
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.append(stop_signal))
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    try:
        child, log, reader = start(order)
    except (OSError, subprocess.SubprocessError) as error:
        answer({"error": str(error)})
        sys.exit(1)
    answer({"child": child.pid})
    code = keep(child, log, reader, wake, stopping)
    ended = {"child": child.pid, "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
    how = {"signal": signal.Signals(-code).name} if code < 0 else {"code": code}
    with contextlib.suppress(OSError):
        write_json(order["folder"], "exit.json", {**ended, **how})


if __name__ == "__main__":
    main()
