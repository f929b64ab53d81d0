"""Progress: a line for each step, and signs of life in between."""

import pytest
from tollgate_serving import progress as speaking
from tollgate_serving.progress import progress, still


@pytest.fixture
def clock(monkeypatch):
    """Seconds that pass only when a test says so."""
    now = [1000.0]
    monkeypatch.setattr(speaking.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(speaking, "_spoken", 0.0)
    return now


def test_every_step_is_a_line(clock, capsys):
    progress("reading")
    progress("predicting")
    assert capsys.readouterr().err == "reading\npredicting\n"


def test_a_long_step_speaks_at_most_every_ten_seconds(clock, capsys):
    progress("reading")
    for rows in range(50):
        clock[0] += 0.5
        still(f"{rows} rows")
    assert capsys.readouterr().err.splitlines() == ["reading", "19 rows", "39 rows"]


def test_a_line_is_one_piece_whoever_else_speaks(monkeypatch):
    pieces = []

    class Stream:
        write = pieces.append

        def flush(self):
            pass

    monkeypatch.setattr("sys.stderr", Stream())
    progress("predicting 100 rows")
    assert pieces == ["predicting 100 rows\n"]
