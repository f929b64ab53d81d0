"""Facts about the machine that measures."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path


def cpus() -> int:
    """Processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def memory_bytes() -> int:
    """Memory of the host, in bytes."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def resident_bytes(pid: int) -> int | None:
    """Resident memory of a process, in bytes; None when it can't be told."""
    try:
        if Path("/proc/self/statm").exists():
            pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
            return pages * os.sysconf("SC_PAGE_SIZE") or None
        # macOS: kilobytes.
        told = subprocess.run(
            ["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, timeout=10
        )
        return int(told.stdout) * 1024 or None
    except (OSError, ValueError, IndexError, subprocess.SubprocessError):
        return None
