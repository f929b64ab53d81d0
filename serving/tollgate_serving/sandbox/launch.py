"""Starts the process that has the model, in the best sandbox this host has.

The whole start waits for it, so it imports only what it needs: a quiet machine takes 20 ms for it.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
from pathlib import Path

from tollgate_serving.cache import MODEL_FOLDER
from tollgate_serving.control import CLOSED
from tollgate_serving.errors import UserError
from tollgate_serving.sandbox import bubblewrap, places
from tollgate_serving.sandbox.kinds import CODE_PLACE, MODEL_PLACE

#: Longest wait for a process to have closed itself, in seconds. It takes 0.1 s on a quiet machine.
CLOSE_SECONDS = 60.0

#: Lowest number of a descriptor that is handed over.
FIRST_HANDED = 100

#: What is tried for what is wanted, in turn.
_CANDIDATES = {
    "required": ("bubblewrap", "landlock"),
    "preferred": ("bubblewrap", "landlock", "none"),
    "pod": ("pod",),
    "off": ("none",),
}


class Order:
    """What one scorer is started with."""

    def __init__(
        self,
        wanted: str,
        facts: list[str],
        holder: Path,
        listener: socket.socket,
        captured: socket.socket | None,
        memory_bytes: int | None,
    ):
        #: ``required``, ``preferred``, ``off`` or ``pod``.
        self.wanted = wanted
        #: What the process is told of its model: no path, no address.
        self.facts = facts
        #: The folder that holds the version's folder, or will.
        self.holder = holder
        self.listener = listener
        self.captured = captured
        self.memory_bytes = memory_bytes


class Sandboxed:
    """A process that closes itself and then waits for its model."""

    def __init__(self, order: Order, kind: str):
        """Starts it. Raises OSError when that fails."""
        self.kind = kind
        self._scratch = _scratch_of(kind)
        self._control, theirs = socket.socketpair()
        self._told, telling = os.pipe()
        given = {"listener": order.listener.fileno(), "control": theirs.fileno(), "log": 2}
        if order.captured is not None:
            given["captured"] = order.captured.fileno()
        handed = {name: _handed(descriptor) for name, descriptor in given.items()}
        command, environment = _command(order, kind, self._scratch, handed)
        try:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                # For what goes wrong before it has closed itself; it takes the log then.
                stderr=telling,
                env=environment,
                cwd=self._scratch[0] if self._scratch else "/",
                pass_fds=list(handed.values()),
                # A signal to our group is for us to pass on.
                start_new_session=True,
            )
        finally:
            theirs.close()
            for descriptor in handed.values():
                os.close(descriptor)
            os.close(telling)

    def wait_until_closed(self) -> str | None:
        """None once it has closed itself; else why it didn't, when it has been ended."""
        self._control.settimeout(CLOSE_SECONDS)
        with contextlib.suppress(OSError):
            if self._control.recv(1) == bytes([CLOSED]):
                self._control.settimeout(None)
                os.close(self._told)
                return None
        self.process.kill()
        code = self.end()
        reason = _last_line(self._told) or f"its process ended with exit code {code}"
        os.close(self._told)
        return reason

    def tell(self, word: int) -> None:
        """Says one word of ``control``; nothing to a process that has ended."""
        with contextlib.suppress(OSError):
            self._control.send(bytes([word]))

    def end(self) -> int:
        """Waits for its end and removes what it had to write to. Its exit code; 128 and the number for a signal."""
        code = self.process.wait()
        self._control.close()
        if self.kind != "pod":
            for folder in self._scratch:
                _remove(folder)
        return 128 - code if code < 0 else code


class Launch:
    """The way to a process that has closed itself: the best kind first, the next where that doesn't work."""

    def __init__(self, order: Order):
        """Starts the first at once. Use it on the main thread: the kernel ends a process with the thread that
        started it."""
        self._order = order
        self._kinds = list(_CANDIDATES[order.wanted])
        #: Why the kinds before didn't work, each ``kind: reason``.
        self.lacking: list[str] = []
        self._started = self._next()

    def wait(self) -> Sandboxed:
        """Returns once a process has closed itself. Raises UserError when none does."""
        while self._started is not None:
            reason = self._started.wait_until_closed()
            if reason is None:
                return self._started
            self.lacking.append(f"{self._started.kind}: {reason}")
            self._started = self._next()
        raise UserError(
            f"the scorer can't be put into a sandbox on this host ({'; '.join(self.lacking)}); allow user namespaces, "
            "use a kernel with Landlock, or set tollgate:scorer.sandbox to preferred in a reviewed change."
        )

    def _next(self) -> Sandboxed | None:
        while self._kinds:
            kind = self._kinds.pop(0)
            reason = missing_of(kind)
            if reason is None:
                try:
                    return Sandboxed(self._order, kind)
                except OSError as error:
                    reason = error.strerror or str(error)
            self.lacking.append(f"{kind}: {reason}")
        return None


def missing_of(kind: str) -> str | None:
    """What this host lacks for a kind, as far as that shows without trying; None when nothing."""
    if kind in ("none", "pod"):
        return None
    if sys.platform != "linux":
        return "this is no Linux"
    if kind == "bubblewrap":
        return None if bubblewrap.program() else "its package has no program for this processor"
    from tollgate_serving.sandbox import landlock

    return None if landlock.version() else "the kernel has no Landlock"


def _handed(descriptor: int) -> int:
    """The same under a number that doesn't depend on what else is open at this moment, as the model can read it."""
    import fcntl

    return fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, FIRST_HANDED)


def _last_line(pipe: int) -> str:
    os.set_blocking(pipe, False)
    try:
        lines = os.read(pipe, 65536).decode(errors="replace").strip().splitlines()
    except BlockingIOError:
        return ""
    return lines[-1].removeprefix("bwrap: ").rstrip(" .") if lines else ""


def _command(
    order: Order, kind: str, scratch: list[Path], handed: dict[str, int]
) -> tuple[list[str], dict[str, str]]:
    wrapped = kind == "bubblewrap"
    inner = [sys.executable, "-P", "-s", "-m", "tollgate_serving.sandboxed", *order.facts]
    inner += ["--kind", kind, "--folder", MODEL_PLACE if wrapped else str(order.holder)]
    inner += ["--below", MODEL_FOLDER]
    for name, descriptor in handed.items():
        inner += [f"--{name}", str(descriptor)]
    if order.memory_bytes is not None:
        inner += ["--memory-bytes", str(order.memory_bytes)]
    for folder in scratch:
        inner += ["--scratch", str(folder)]
    environment = _environment(kind, scratch)
    if not wrapped:
        return inner, environment
    program = bubblewrap.program()
    assert program is not None
    return bubblewrap.around(inner, program, order.holder, environment), {}


def _scratch_of(kind: str) -> list[Path]:
    """Folders that the process may write: in a pod the container's own, else one that is made for it."""
    if kind == "bubblewrap":
        return []
    if kind == "pod":
        return [Path("/tmp"), Path("/dev/shm")]
    import tempfile

    return [Path(tempfile.mkdtemp(prefix="tollgate-scorer-"))]


def _remove(folder: Path) -> None:
    import shutil

    shutil.rmtree(folder, ignore_errors=True)


def _environment(kind: str, scratch: list[Path]) -> dict[str, str]:
    """All that the process sees. Nothing of our own comes through, so that it is the same whoever started us."""
    home = str(scratch[0]) if scratch else "/tmp"
    environment = {
        "HOME": home,
        "TMPDIR": home,
        "LANG": "C.UTF-8",
        "LOGNAME": "scorer",
        "PATH": "/usr/bin:/bin",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": CODE_PLACE if kind == "bubblewrap" else str(places.CODE.parent),
    }
    if kind == "landlock":
        # Locks between processes lie in a folder that others have, too; joblib would warn of not getting them.
        environment["JOBLIB_MULTIPROCESSING"] = "0"
    if kind == "pod" and "OMP_NUM_THREADS" in os.environ:
        # Set by the pod's manifest for every scorer of the stack.
        environment["OMP_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"]
    return environment
