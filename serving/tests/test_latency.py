"""Latency on a quiet machine and on a busy one."""

import multiprocessing
import time
from pathlib import Path

import numpy
import pandas
import pytest
from tollgate_serving import latency
from tollgate_serving.host import ProcessorTime
from tollgate_serving.latency import (
    CALM,
    MOST_VALUES,
    ROUNDS,
    Round,
    counting,
    drawn_rows,
    measure_latency,
    rows_of_round,
)


def measured(monkeypatch, loads, times=None):
    """Latency of rounds with these loads, each of the given times; and how many rounds were asked for."""
    given = iter(loads)
    monkeypatch.setattr(ProcessorTime, "now", lambda: None)
    monkeypatch.setattr(ProcessorTime, "taken_by_others", lambda *_: next(given))
    asked = []

    def ask(number):
        assert number == len(asked)
        asked.append(1)
        return [float(len(asked))] * 10 if times is None else times[len(asked) - 1]

    return measure_latency(ask, 3), len(asked)


@pytest.mark.parametrize(
    ("loads", "rounds", "counts"),
    [
        ([0.0], 1, 1),
        ([CALM], 1, 1),
        ([0.9, 0.05], 2, 2),
        ([0.9, 0.5, 0.8, 0.7, 0.6], 5, 2),
        ([0.3, 0.5, 0.3, 0.7, 0.6], 5, 1),
        ([0.3, 0.5, 0.4, 0.02], 4, 4),
        # Nobody can tell: the round in the middle.
        ([None] * 5, 5, 3),
        ([None, 0.5, 0.4, 0.3, 0.2], 5, 3),
    ],
)
def test_the_round_with_the_least_other_work_counts(monkeypatch, loads, rounds, counts):
    found, asked = measured(monkeypatch, loads)
    assert asked == rounds == found["rounds"]
    assert found["p50Ms"] == found["p95Ms"] == found["p99Ms"] == counts
    assert (found["requests"], found["concurrency"]) == (10, 3)
    assert found.get("load") == (None if loads[counts - 1] is None else round(loads[counts - 1], 3))


def test_the_times_themselves_never_choose(monkeypatch):
    slow, quick = [80.0] * 20, [1.0] * 20
    found, _ = measured(monkeypatch, [0.2, 0.9, 0.9, 0.9, 0.9], [slow, quick, quick, quick, quick])
    assert found["p95Ms"] == 80


def test_no_round_is_begun_after_a_minute(monkeypatch):
    monkeypatch.setattr(latency, "LONGEST", 0.0)
    found, asked = measured(monkeypatch, [0.9] * ROUNDS)
    assert asked == found["rounds"] == 1


def test_counting_takes_the_first_of_equals():
    rounds = [Round([1.0], 0.4), Round([2.0], 0.4)]
    assert counting(rounds) is rounds[0]


@pytest.mark.parametrize("make", [lambda rows: rows, pandas.DataFrame], ids=["array", "table"])
def test_rows_are_drawn_over_the_whole_file_and_are_others_in_each_round(make):
    features = make(numpy.arange(10_000.0).reshape(-1, 1))
    drawn = drawn_rows(features, 220, 1, 0)
    rounds = [numpy.asarray(rows_of_round(drawn, number, 220))[:, 0] for number in range(ROUNDS)]
    assert len(set(numpy.concatenate(rounds))) == ROUNDS * 220
    # From every tenth of a file that may be sorted.
    assert all(len(set(one // 1000)) == 10 for one in rounds)
    numpy.testing.assert_array_equal(drawn, drawn_rows(features, 220, 1, 0))
    assert (numpy.asarray(drawn) != numpy.asarray(drawn_rows(features, 220, 1, 1))).any()


def test_a_small_file_gives_all_its_rows_in_turn():
    drawn = drawn_rows(numpy.arange(30).reshape(-1, 1), 220, 1, 0)
    assert sorted(rows_of_round(drawn, 3, 220)[:, 0]) == list(range(30))
    some = [rows_of_round(drawn, number, 20)[:, 0].tolist() for number in range(2)]
    assert len(set(some[0] + some[1])) == 30


def test_few_rows_are_drawn_of_large_ones():
    features = numpy.zeros((5000, 1))
    assert len(drawn_rows(features, 220, 1, 0)) == ROUNDS * 220
    assert len(drawn_rows(features, 220, MOST_VALUES // 800, 0)) == 800
    assert len(drawn_rows(features, 220, MOST_VALUES, 0)) == 440


#: Of a child, each 10 ms long: enough to be told from the kernel's own rounding.
TICKS = 50


def _spin(seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass


def test_work_of_other_processes_is_told_from_our_own():
    if not Path("/proc/stat").exists():
        assert ProcessorTime.now() is None
        return
    spinning = multiprocessing.get_context("spawn").Process(target=_spin, args=(600,))
    spinning.start()
    try:
        before = ProcessorTime.now()
        # On a busy machine it waits for its turn.
        while (after := ProcessorTime.now()).ours - before.ours < TICKS:
            time.sleep(0.05)
    finally:
        spinning.kill()
        spinning.join()
    used = after.ours - before.ours
    # It is our child: what it took isn't other work.
    assert after.busy - before.busy >= used - 5
    others = ProcessorTime.taken_by_others(before, after)
    assert others == pytest.approx(
        max(0, (after.busy - before.busy - used) / (after.all - before.all)), abs=1e-9
    )


@pytest.mark.parametrize(
    ("before", "after", "share"),
    [
        ((0, 0, 0), (100, 60, 20), 0.4),
        ((0, 0, 0), (100, 100, 0), 1.0),
        # The kernel counts a process's time more finely than the machine's.
        ((0, 0, 0), (100, 10, 12), 0.0),
        ((100, 50, 10), (100, 50, 10), None),
    ],
)
def test_the_share_of_others(before, after, share):
    assert ProcessorTime.taken_by_others(ProcessorTime(*before), ProcessorTime(*after)) == share


def test_the_share_of_others_is_unknown_where_the_system_does_not_tell():
    assert ProcessorTime.taken_by_others(None, None) is None
