"""What a scorer's process gives up before it imports anything of a model."""

from __future__ import annotations

import os
import resource
import signal
from dataclasses import dataclass
from pathlib import Path

from tollgate_serving.sandbox import landlock, places, seccomp
from tollgate_serving.sandbox.kernel import (
    IS_LINUX,
    PR_SET_NO_NEW_PRIVS,
    PR_SET_PDEATHSIG,
    drop_capabilities,
    prctl,
)
from tollgate_serving.sandbox.kinds import SCRATCH_BYTES

#: Most open files and connections.
OPEN_FILES = 16_384


@dataclass(frozen=True)
class Confinement:
    """What is left to one scorer."""

    #: One of ``KINDS``.
    kind: str
    #: Most private memory, in bytes: heaps, arrays and the stacks of threads. None: what the container has.
    memory_bytes: int | None
    #: The folder that holds the model.
    model: Path
    #: Folders that may be written, where there are no namespaces.
    scratch: tuple[Path, ...]


def confine(confinement: Confinement) -> None:
    """Holds this process to its confinement, for ever. It must have no other thread yet.

    Raises OSError where the kernel can't. Kind ``none`` keeps the limits alone.
    """
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_NOFILE, OPEN_FILES)
    if confinement.memory_bytes is not None:
        _limit(resource.RLIMIT_DATA, confinement.memory_bytes)
    if not IS_LINUX:
        return
    if confinement.kind != "none":
        _limit(resource.RLIMIT_FSIZE, SCRATCH_BYTES)
        drop_capabilities()
        prctl(PR_SET_NO_NEW_PRIVS, 1)
    if confinement.kind != "bubblewrap":
        # bubblewrap sees to it by itself: a first process of its namespace has no parent there.
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if confinement.kind == "landlock" or (confinement.kind == "pod" and landlock.version() > 0):
        _restrict_files(confinement)
    if confinement.kind == "pod" and not seccomp.is_available():
        return
    if confinement.kind != "none":
        seccomp.install(metadata=confinement.kind == "bubblewrap")


def _restrict_files(confinement: Confinement) -> None:
    # Held open: a rule is about the entry in the process table, which the kernel else forgets and makes anew.
    os.open("/proc/self", os.O_PATH | os.O_CLOEXEC)
    system = [*places.SYSTEM, *places.SETTINGS, places.PROCESSORS, *places.PROCESS_TABLE]
    own = [*places.python_folders(), places.CODE, confinement.model]
    landlock.restrict(
        read=[*map(Path, (*system, *places.DEVICES)), *own],
        write=[Path("/dev/null"), *confinement.scratch],
    )


def _limit(kind: int, most: int) -> None:
    _, hard = resource.getrlimit(kind)
    value = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(kind, (value, value))
