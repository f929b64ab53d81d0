"""How long a scorer takes for one row, measured where other work goes on as well.

Other work only ever adds to such times. So what it took of the processors meanwhile is measured too: a round of
requests counts at once on a quiet machine, and is repeated on a busy one. Which round counts is decided by the other
work, never by the times themselves, so that a slow model gains nothing by being asked more often.

The rows are drawn over the whole file, as a file may be sorted by what makes a row slow, and each round has others, as
far as there are some: a model may remember what it was asked.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy

from tollgate_serving.evaluation_rows import rows_at
from tollgate_serving.host import ProcessorTime
from tollgate_serving.progress import progress
from tollgate_serving.randomness import generator

#: Rounds on a machine that is busy all the time.
ROUNDS = 5
#: Share of the processors that other work may take in a round that needs no other.
CALM = 0.1
#: No other round is begun after these seconds.
LONGEST = 60.0
#: Values of the rows that are drawn, 8 MB as numbers: few for rows as large as pictures.
MOST_VALUES = 1_000_000


@dataclass(frozen=True)
class Round:
    #: Milliseconds of each request.
    times: list[float]
    #: Share of the processors, 0 to 1, that other processes took meanwhile; None where it can't be told.
    load: float | None

    @property
    def p95(self) -> float:
        return float(numpy.percentile(self.times, 95))


def drawn_rows(features: Any, of_a_round: int, values: int, seed: int) -> Any:
    """Rows for all rounds, drawn from a DataFrame or an array of which each row has so many ``values``."""
    most = max(2 * of_a_round, MOST_VALUES // max(1, values))
    count = min(len(features), ROUNDS * of_a_round, most)
    chosen = generator(seed, "rows to time").permutation(len(features))[:count]
    return rows_at(features, chosen)


def rows_of_round(drawn: Any, number: int, count: int) -> Any:
    """Those of a round, counted from 0: no row twice, and others than in earlier rounds as long as there are some."""
    count = min(count, len(drawn))
    return rows_at(drawn, (number * count + numpy.arange(count)) % len(drawn))


def measure_latency(ask: Callable[[int], list[float]], concurrency: int) -> dict[str, Any]:
    """The ``latency`` of the evidence document.

    ``ask`` sends the requests of one round, by its number from 0, and returns their milliseconds.
    """
    rounds = [_round(ask, 0)]
    until = time.monotonic() + LONGEST
    while not _is_calm(rounds[-1]) and len(rounds) < ROUNDS and time.monotonic() < until:
        load = rounds[-1].load
        busy = "" if load is None else f"; other work took {load:.0%} of the processors"
        progress(f"asking again, round {len(rounds) + 1} of {ROUNDS} at most{busy}")
        rounds.append(_round(ask, len(rounds)))
    taken = counting(rounds)
    p50, p95, p99 = (
        round(float(value), 3) for value in numpy.percentile(taken.times, [50, 95, 99])
    )
    return {
        "p50Ms": p50,
        "p95Ms": p95,
        "p99Ms": p99,
        "requests": len(taken.times),
        "concurrency": concurrency,
        "rounds": len(rounds),
        **({} if taken.load is None else {"load": round(taken.load, 3)}),
    }


def counting(rounds: list[Round]) -> Round:
    """The round with the least other work; where that can't be told, the one in the middle by its P95."""
    if all(each.load is not None for each in rounds):
        return min(rounds, key=lambda each: each.load)
    return sorted(rounds, key=lambda each: each.p95)[len(rounds) // 2]


def _is_calm(measured: Round) -> bool:
    return measured.load is not None and measured.load <= CALM


def _round(ask: Callable[[int], list[float]], number: int) -> Round:
    before = ProcessorTime.now()
    times = ask(number)
    return Round(times, ProcessorTime.taken_by_others(before, ProcessorTime.now()))
