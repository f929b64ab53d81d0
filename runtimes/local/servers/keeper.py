"""Keeps one server: starts it as a child, writes its log, records who runs and how it ended.

Started by the provider in a session of its own, with one JSON document on standard input:
``command``, ``environment``, ``folder`` (run folder), ``log`` (log file), ``spec`` (hash of what was
asked for), ``ports`` and ``stopSignal``. It answers one JSON line on standard output, ``{"child": pid}``
or ``{"error": sentence}``, and goes on alone. Standard library only.

A server that ends by itself is started again: at once, and after longer and longer pauses when it ends again
soon. Not one that was asked to stop, and not one that was never healthy: why that ended is for the release to
tell, which writes ``healthy`` into the folder once all is well.
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
#: In the run folder, once the server has been healthy.
HEALTHY = "healthy"
#: A server that ran for this long, in seconds, is started again at once when it ends.
STEADY_SECONDS = 60
#: Longest pause before a server is started again, in seconds. The second is 1, and each is twice the one before.
LONGEST_PAUSE = 60


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


def own(folder):
    """Makes this the one keeper of the folder, for as long as it lives. Raises OSError when there is another."""
    lock = os.open(
        os.path.join(folder, "keeper.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
    )
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise OSError("another keeper runs it already") from None


def start(order, restarts):
    """Starts the server. Returns it with the read end of its output."""
    folder = order["folder"]
    reader, writer = os.pipe2(os.O_CLOEXEC) if hasattr(os, "pipe2") else os.pipe()
    try:
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
    except BaseException:
        os.close(reader)
        raise
    finally:
        os.close(writer)
    try:
        running = {
            "keeper": {"pid": os.getpid(), "start": start_of(os.getpid())},
            "child": {"pid": child.pid, "start": start_of(child.pid)},
            "spec": order["spec"],
            "ports": order["ports"],
            "restarts": restarts,
        }
        write_json(folder, "pid.json", running)
    except (OSError, subprocess.SubprocessError):
        child.kill()
        child.wait()
        os.close(reader)
        raise
    return child, reader


class Signals:
    """Ends every wait of the keeper; remembers that it was asked to stop."""

    def __init__(self):
        self.wake, writer = os.pipe()
        for fd in (self.wake, writer):
            os.set_blocking(fd, False)
            os.set_inheritable(fd, False)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        self.asked = 0
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.stop)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def stop(self, *_):
        self.asked += 1

    def taken(self):
        """Empties the pipe that woke a wait."""
        with contextlib.suppress(BlockingIOError):
            os.read(self.wake, 512)

    def asked_within(self, seconds):
        """Waits, and returns early with True once the keeper was asked to stop."""
        end = time.monotonic() + seconds
        poll = select.poll()
        poll.register(self.wake, select.POLLIN)
        while not self.asked and (left := end - time.monotonic()) > 0:
            if poll.poll(left * 1000):
                self.taken()
        return self.asked > 0


def keep(child, log, reader, signals, stop_signal):
    """Copies output to the log until the server ends; returns its exit status."""
    poll = select.poll()
    poll.register(signals.wake, select.POLLIN)
    poll.register(reader, select.POLLIN | select.POLLHUP)
    told = 0
    while child.poll() is None:
        # One that was asked for before this server was there counts for it, too.
        if told < signals.asked:
            told += 1
            signal_group(child.pid, stop_signal)
            continue
        for fd, _ in poll.poll():
            if fd == signals.wake:
                signals.taken()
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
    os.close(reader)
    return child.returncode


def signal_group(group, number):
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def keep_on(order, child, log, reader, signals):
    """Keeps the server, and starts it again as long as it ends by itself."""
    folder = order["folder"]
    stop_signal = getattr(signal, order["stopSignal"])
    restarts = soon = 0
    while True:
        started = time.monotonic()
        code = keep(child, log, reader, signals, stop_signal)
        how = {"signal": signal.Signals(-code).name} if code < 0 else {"code": code}
        soon = 0 if time.monotonic() - started >= STEADY_SECONDS else soon
        again = not signals.asked and os.path.exists(os.path.join(folder, HEALTHY))
        while True:
            pause = min(2 ** (soon - 1), LONGEST_PAUSE) if again and soon else 0
            record_end(folder, child.pid, how, pause if again else None)
            if not again or signals.asked_within(pause):
                return
            soon += 1
            try:
                child, reader = start(order, restarts + 1)
            except (OSError, subprocess.SubprocessError) as error:
                how = {"error": str(error)}
            else:
                restarts += 1
                break


def record_end(folder, child, how, pause):
    """``exit.json``: how the server ended, and when it is started again if it is."""
    now = time.time()
    ended = {"child": child, "at": moment(now), **how}
    if pause is not None:
        ended["again"] = moment(now + pause)
    with contextlib.suppress(OSError):
        write_json(folder, "exit.json", ended)


def moment(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def main():
    order = json.load(sys.stdin)
    os.umask(0o077)
    signals = Signals()
    try:
        own(order["folder"])
        log = RotatedLog(order["log"])
        child, reader = start(order, 0)
    except (OSError, subprocess.SubprocessError) as error:
        answer({"error": str(error)})
        sys.exit(1)
    answer({"child": child.pid})
    keep_on(order, child, log, reader, signals)


if __name__ == "__main__":
    main()
