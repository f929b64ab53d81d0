"""``python -m tollgate_serving.sandbox``: what this host has for a sandbox, as one JSON object for ``doctor``.

``bubblewrap`` is why it doesn't work here, or null when it was tried and does; ``landlock`` the version of the kernel's
interface, 0 for none; ``seccomp`` whether system calls can be filtered.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from tollgate_serving.sandbox import bubblewrap, landlock, seccomp
from tollgate_serving.sandbox.launch import missing_of


def main() -> int:
    facts = {
        "bubblewrap": missing_of("bubblewrap") or _trial(),
        "landlock": landlock.version(),
        "seccomp": seccomp.is_available(),
    }
    print(json.dumps(facts))
    return 0


def _trial() -> str | None:
    """Why bubblewrap can't run a program here as it would a scorer; None when it can."""
    program = bubblewrap.program()
    assert program is not None
    with tempfile.TemporaryDirectory(prefix="tollgate-sandbox-") as folder:
        command = [sys.executable, "-S", "-c", ""]
        line = bubblewrap.around(command, program, Path(folder), {})
        done = subprocess.run(line, env={}, capture_output=True, text=True, timeout=60)
    if done.returncode == 0:
        return None
    lines = done.stderr.strip().splitlines()
    return lines[-1].removeprefix("bwrap: ").rstrip(".") if lines else "it doesn't start"


if __name__ == "__main__":
    sys.exit(main())
