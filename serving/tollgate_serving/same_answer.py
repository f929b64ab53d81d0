"""Are two answers to a row the same? By the rule of a release (``provider/release/same-answer.ts``)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from statistics import median
from typing import Any

#: Doubles hold whole numbers exactly up to here.
EXACT = 2**53

#: Floats of 32 bits keep 24 bits, and libraries add in another order for one row than for many.
TOLERANCE = 1e-6


class SameAnswer:
    """Texts, truths and whole numbers exactly; other numbers within 1e-6 of their size, or of the median size at that
    place of ``answers`` where that is more: a chance of 0.001 may be what is left of 1 beside 0.999."""

    def __init__(self, answers: list[Any]):
        sizes: dict[tuple[Any, ...], list[float]] = defaultdict(list)
        for answer in answers:
            for place, number in _numbers(answer, ()):
                sizes[place].append(abs(number))
        self._usual = {place: median(found) for place, found in sizes.items()}

    def __call__(self, wanted: Any, got: Any) -> bool:
        return self._same(wanted, got, ())

    def _same(self, wanted: Any, got: Any, place: tuple[Any, ...]) -> bool:
        if isinstance(wanted, list) and isinstance(got, list):
            return len(wanted) == len(got) and all(
                self._same(left, right, (*place, index))
                for index, (left, right) in enumerate(zip(wanted, got))
            )
        if isinstance(wanted, dict) and isinstance(got, dict):
            return wanted.keys() == got.keys() and all(
                self._same(wanted[key], got[key], (*place, key)) for key in wanted
            )
        if isinstance(wanted, bool) or isinstance(got, bool):
            return wanted is got
        if _is_number(wanted) and _is_number(got):
            if (isinstance(wanted, int) and isinstance(got, int)) or _is_long(wanted, got):
                return wanted == got
            usual = max(abs(wanted), self._usual.get(place, 0.0))
            return abs(wanted - got) <= TOLERANCE * usual + 1e-12
        return bool(wanted == got)


def _numbers(answer: Any, place: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], float]]:
    if _is_number(answer):
        yield place, answer
    elif isinstance(answer, list):
        for index, each in enumerate(answer):
            yield from _numbers(each, (*place, index))
    elif isinstance(answer, dict):
        for key, each in answer.items():
            yield from _numbers(each, (*place, key))


def _is_long(*values: float) -> bool:
    """Is one of them a whole number that a double may not hold? A number near to it is another one."""
    return any(isinstance(value, int) and abs(value) >= EXACT for value in values)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
