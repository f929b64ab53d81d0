"""Facts about the machine that measures."""

from __future__ import annotations

import contextlib
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path


def cpus() -> int:
    """Processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def physical_cores() -> int:
    """Cores of the machine, each of which may be several processors."""
    folder = Path("/sys/devices/system/cpu")
    cores = set()
    for siblings in folder.glob("cpu[0-9]*/topology/thread_siblings_list"):
        # A processor may be switched off while we look.
        with contextlib.suppress(OSError):
            cores.add(siblings.read_text())
    return len(cores) or os.cpu_count() or 1


def memory_bytes() -> int:
    """Memory of the host, in bytes."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def resident_bytes(pid: int) -> int | None:
    """Resident memory of a process and all it started, in bytes; None when it can't be told.

    What two of them share counts twice.
    """
    try:
        resident = _resident_by_process()
    except (OSError, ValueError, IndexError, subprocess.SubprocessError):
        return None
    return (
        sum(resident[one][1] for one in [pid, *_descendants(resident, pid)] if one in resident)
        or None
    )


def descendants(pid: int) -> list[int]:
    """Processes that a process started, and that those started. Raises OSError when they can't be told."""
    return _descendants(_resident_by_process(), pid)


@dataclass(frozen=True)
class ProcessorTime:
    """Processor time of the machine since it started, in ticks, and this process's and its children's part of it."""

    #: Of all processors, idle or not.
    all: int
    #: Of all processes; work that the kernel does between them isn't in it.
    busy: int
    ours: int

    @classmethod
    def now(cls) -> ProcessorTime | None:
        """None where it can't be told (macOS)."""
        try:
            # user nice system idle iowait irq softirq steal
            spent = [int(ticks) for ticks in Path("/proc/stat").read_text().split()[1:9]]
            user, nice, system, *_, steal = spent
            own = [os.getpid(), *descendants(os.getpid())]
            return cls(sum(spent), user + nice + system + steal, sum(map(_ticks_of, own)))
        except (OSError, ValueError, IndexError, subprocess.SubprocessError):
            return None

    @staticmethod
    def taken_by_others(before: ProcessorTime | None, after: ProcessorTime | None) -> float | None:
        """Share of all processors, 0 to 1, that other processes took between two times; None when it can't be told."""
        if before is None or after is None or after.all <= before.all:
            return None
        others = (after.busy - before.busy) - (after.ours - before.ours)
        return min(1.0, max(0.0, others / (after.all - before.all)))


def _ticks_of(pid: int) -> int:
    """Processor time of a process; 0 for one that has ended."""
    with contextlib.suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])
    return 0


def _descendants(processes: dict[int, tuple[int, int]], pid: int) -> list[int]:
    found = [pid]
    for parent in found:
        found += [child for child, (its_parent, _) in processes.items() if its_parent == parent]
    return found[1:]


def _resident_by_process() -> dict[int, tuple[int, int]]:
    """Of every process its parent and its resident bytes."""
    if not Path("/proc/self/stat").exists():
        # macOS: kilobytes.
        told = subprocess.run(
            ["ps", "-A", "-o", "pid=,ppid=,rss="], capture_output=True, text=True, timeout=10
        )
        rows = [map(int, line.split()) for line in told.stdout.splitlines()]
        return {pid: (parent, kilobytes * 1024) for pid, parent, kilobytes in rows}
    page = os.sysconf("SC_PAGE_SIZE")
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        # It may end while we look.
        with contextlib.suppress(OSError):
            # The name of the program, in brackets, may hold anything.
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            found[int(folder.name)] = (int(fields[1]), int(fields[21]) * page)
    return found
