"""Scorers of an evaluation that is killed hard: they end with it, wherever they are in their start."""

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from servers import SERVING, eventually

TESTS = SERVING / "tests"


@pytest.fixture(autouse=True)
def nothing_left(tmp_path):
    """Whatever a test finds, it leaves nobody behind."""
    yield
    for pid in _of_the_folder(tmp_path):
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("sandbox", ["required", "off"])
def test_scorers_end_with_an_evaluation_that_is_killed(linear, tmp_path, sandbox):
    with _evaluation(linear, tmp_path, sandbox) as evaluation:
        scorers = [int(evaluation.stdout.readline().split()[0]) for _ in range(2)]
        there = [*scorers, *(pid for scorer in scorers for pid in _below(scorer))]
        # Each a supervisor and at least the process that has the model.
        assert len(there) >= 4
        evaluation.kill()
        evaluation.wait()
        eventually(lambda: not any(map(_is_alive, there)), 60)


def test_a_scorer_that_is_just_starting_ends_as_well(linear, tmp_path):
    with _evaluation(linear, tmp_path, "required") as evaluation:
        eventually(lambda: len(_below(evaluation.pid)) >= 2)
        there = _below(evaluation.pid)
        evaluation.send_signal(signal.SIGKILL)
        evaluation.wait()
        eventually(lambda: not any(map(_is_alive, there)), 60)
        assert _of_the_folder(tmp_path) == []


def _evaluation(model: Path, cache: Path, sandbox: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(TESTS / "hard_killed.py"), str(model), str(cache), sandbox],
        env={**os.environ, "PYTHONPATH": f"{SERVING}:{TESTS}"},
        stdout=subprocess.PIPE,
        text=True,
    )


def _below(pid: int) -> list[int]:
    """The processes that this one started, and those that they did."""
    found = []
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                found += [int(child), *_below(int(child))]
    return found


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def _of_the_folder(folder: Path) -> list[int]:
    """The processes that were told of this folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = entry.read_bytes()
        except OSError:
            continue
        if os.fsencode(folder) in words:
            found.append(int(entry.parent.name))
    return found
