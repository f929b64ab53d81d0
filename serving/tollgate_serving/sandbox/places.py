"""Files of the host that Python and numerical libraries read, apart from the model."""

from __future__ import annotations

import os
import sys
from pathlib import Path

#: What the system is made of; on many hosts some of these are links into /usr.
SYSTEM = ("/usr", "/bin", "/lib", "/lib32", "/lib64", "/libx32")
#: Names and time zones of libraries. No users, no names of hosts, no certificates.
SETTINGS = ("/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/localtime", "/etc/alternatives")
#: How many processors there are, and what they can do.
PROCESSORS = "/sys/devices/system/cpu"
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
#: Of the host's processes only the scorer's own, which ``/proc/self`` leads to.
PROCESS_TABLE = (
    "/proc/self",
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/proc/stat",
    "/proc/filesystems",
    "/proc/sys/vm/overcommit_memory",
)

#: The folder of this package.
CODE = Path(__file__).resolve().parent.parent


def python_folders() -> list[Path]:
    """The Python environment and the interpreter it was made from, as far as they aren't part of the system."""
    found: list[Path] = []
    for prefix in (sys.prefix, sys.base_prefix):
        for path in (Path(prefix), Path(prefix).resolve()):
            if not is_below(path, [*map(Path, SYSTEM), *found]):
                found.append(path)
    return found


def links_to_python(folders: list[Path]) -> dict[Path, str]:
    """Links outside ``folders`` on the way from the environment's ``python`` to the program, with their targets."""
    links = {}
    path = Path(sys.executable)
    while path.is_symlink():
        target = os.readlink(path)
        if not is_below(path, [*map(Path, SYSTEM), *folders]):
            links[path] = target
        path = Path(os.path.normpath(path.parent / target))
    return links


def is_below(path: Path, folders: list[Path]) -> bool:
    return any(path == folder or folder in path.parents for folder in folders)
