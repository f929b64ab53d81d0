"""The classes that a classification is about, in one order and compared in one way, for every measure.

A label comes from a file and an answer from a model, each with its own idea of types. So a value is told by its name,
the text that evidence writes; values of two sources with different names are one class when both are the same number,
True being 1 and False 0: 1, 1.0, True and the text "1"; fractions are compared in 32 bits, as a source may have no
more. Two values of one source stay two classes, such as "01" and "1" in one file.

Which classes there are doesn't depend on what the version happens to say: they are those that the model knows, or
where it names none those of the training data, and the labels'. A class that no row has, or that the version never
says, is one all the same.
"""

from __future__ import annotations

import datetime
import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy

from tollgate_serving.errors import UserError

#: Classes that a sentence names; of more it says how many.
SHOWN = 6
#: A number as text; longer ones are names.
_NUMBER = re.compile(r"[+-]?\d{1,40}(\.\d{1,40})?([eE][+-]?\d{1,3})?")
_TRUTHS = {"true": 1, "false": 0}


@dataclass(frozen=True)
class Classes:
    """Classes by code, counted from 0 in the order of ``names``: numbers by size, else texts in order."""

    #: As evidence writes them.
    names: tuple[str, ...]
    #: Who names them: the model, else the training data, else the evaluation's labels and answers alone.
    origin: Literal["model", "training-data", "evaluation-data"]
    #: The class that precision, recall and f1 are about; None where they are means over all classes.
    positive: int | None
    #: Who says so: the settings, or that it is the rarer of two.
    positive_by: Literal["setting", "rarer"] | None
    _known: _Known = field(repr=False, compare=False)

    @classmethod
    def of(
        cls,
        labels: Any,
        answers: Any = (),
        model: Iterable[Any] | None = None,
        training: Iterable[Any] | None = None,
        positive: str | None = None,
    ) -> Classes:
        """From the evaluation's labels and the version's answers, and from whatever else names classes.

        ``training`` are the training data's labels, which count where ``model`` names none. ``positive`` is the name
        that the settings give. Raises UserError when no label, or no answer, is one of the classes, and when
        ``positive`` isn't.
        """
        labels, answers = numpy.asarray(labels), numpy.asarray(answers)
        named = model if model is not None else training
        known = _Known()
        known.add(() if named is None else named)
        if model is not None:
            _check_labels(known, labels)
        known.add(_distinct(labels))
        _check_answers(known, answers)
        known.add(_distinct(answers))
        known = known.in_order()
        origin = "evaluation-data" if named is None else "training-data"
        found, by = _positive(known, labels, positive)
        return cls(tuple(known.names), "model" if model is not None else origin, found, by, known)

    @property
    def average(self) -> Literal["binary", "macro"]:
        """What plain precision, recall and f1 are, in scikit-learn's words."""
        return "macro" if self.positive is None else "binary"

    def codes(self, values: Any) -> numpy.ndarray:
        """The code of each value; -1 for what is no class, and for a missing one."""
        return self._known.codes(values)

    def check(self, answers: Any) -> None:
        """Raises UserError when another version's answers are no classes, as ``of`` does for the candidate's."""
        _check_answers(self._known, numpy.asarray(answers))

    def facts(self) -> dict[str, Any]:
        """The ``classes`` of the evidence document."""
        return {
            "origin": self.origin,
            "average": self.average,
            "positive": None if self.positive is None else self.names[self.positive],
            "positiveBy": self.positive_by,
        }


def name_of(value: Any) -> str | None:
    """A class as text: whole numbers without a point, times as JSON has them; None for a missing value."""
    if isinstance(value, numpy.datetime64):
        # numpy has nanoseconds as a number.
        return None if numpy.isnat(value) else _time_name(value)
    if isinstance(value, (datetime.date, datetime.datetime)):
        return None if value != value else value.isoformat()
    value = value.item() if isinstance(value, numpy.generic) else value
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _time_name(value: numpy.datetime64) -> str:
    import pandas

    return pandas.Timestamp(value).isoformat()


def listed(names: Sequence[str]) -> str:
    """Some of them, for a sentence."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


class _Known:
    """Names of classes, and the numbers that some of them are."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self._places: dict[str, int] = {}
        #: -1 where several classes are the same number.
        self._numbers: dict[float, int] = {}

    def add(self, values: Iterable[Any]) -> None:
        """The values of one source."""
        names = list(dict.fromkeys(name for name in map(name_of, values) if name is not None))
        same = Counter(map(_number, names))
        for name in names:
            if name in self._places:
                continue
            number = _number(name)
            place = -1
            if number is not None and same[number] == 1:
                place = self._numbers.get(number, -1)
            if place < 0:
                place = len(self.names)
                self.names.append(name)
                if number is not None:
                    self._numbers[number] = -1 if number in self._numbers else place
            self._places[name] = place

    def find(self, value: Any) -> int:
        """-1 for what is no class."""
        name = name_of(value)
        if name is None:
            return -1
        if name in self._places:
            return self._places[name]
        number = _number(name)
        return -1 if number is None else self._numbers.get(number, -1)

    def codes(self, values: Any) -> numpy.ndarray:
        import pandas

        places, distinct = pandas.factorize(numpy.asarray(values))
        found = [self.find(value) for value in distinct]
        # A missing value's place is -1: the last one.
        return numpy.array([*found, -1], dtype="int64")[places]

    def in_order(self) -> _Known:
        numbers = [_number(name) for name in self.names]
        keys: list[Any] = self.names if None in numbers else numbers
        order = sorted(range(len(self.names)), key=lambda place: keys[place])
        moved = {old: new for new, old in enumerate(order)} | {-1: -1}
        ordered = _Known()
        ordered.names = [self.names[place] for place in order]
        ordered._places = {name: moved[place] for name, place in self._places.items()}
        ordered._numbers = {number: moved[place] for number, place in self._numbers.items()}
        return ordered


def _number(name: str) -> float | None:
    """The number that a name is, a fraction as 32 bits have it.

    Whole ones exactly: floats would take two large ones for one.
    """
    truth = _TRUTHS.get(name.lower())
    if truth is not None:
        return truth
    if not _NUMBER.fullmatch(name):
        return None
    if name.lstrip("+-").isdigit():
        return int(name)
    number = float(name)
    with numpy.errstate(over="ignore", under="ignore"):
        rounded = float(numpy.float32(number))
    # A fraction stays one: 0.99999999 is no class 1.
    return number if not math.isfinite(rounded) or rounded.is_integer() else rounded


def _distinct(values: numpy.ndarray) -> Any:
    import pandas

    return pandas.unique(values)


def _check_labels(known: _Known, labels: numpy.ndarray) -> None:
    distinct = _distinct(labels)
    if len(distinct) and all(known.find(value) < 0 for value in distinct):
        raise UserError(
            f"no label is a class that the model knows: it knows {listed(known.names)}, where the label column has "
            f"{_shown(distinct)}; train it on the labels of the evaluation data, or evaluate it on its own."
        )


def _check_answers(known: _Known, answers: numpy.ndarray) -> None:
    """Raises UserError when no answer is a class, or some are fractions where classes are none."""
    distinct = _distinct(answers)
    others = [value for value in distinct if known.find(value) < 0]
    if not others:
        return
    numbers = [float(value) for value in others if isinstance(value, (float, numpy.floating))]
    fractions = [number for number in numbers if not number.is_integer()]
    none = len(others) == len(distinct)
    if fractions and (none or not any(_is_fraction(name) for name in known.names)):
        wrong = int(numpy.isin(answers, fractions).sum())
        few = "no prediction equals any label"
        if not none:
            few = f"{wrong} of {len(answers)} predictions are fractions and equal no label"
        raise UserError(
            f"{few}: the model answers numbers such as {_fraction(fractions[0], known)}, where the classes are "
            f"{listed(known.names)}; is this a probability or a regression? For a probability set "
            "tollgate:evaluation.answer.threshold, for a regression tollgate:evaluation.task."
        )
    if none:
        raise UserError(
            f"no prediction equals any label: the model answers {_shown(others)}, where the classes are "
            f"{listed(known.names)}; train and evaluate it on the same labels, or say in "
            "tollgate:evaluation.answer what of its answer is the class."
        )


def _fraction(value: float, known: _Known) -> str:
    """In few digits, unless these are a class or a whole number."""
    short = f"{value:.6g}"
    return repr(value) if float(short).is_integer() or known.find(short) >= 0 else short


def _is_fraction(name: str) -> bool:
    number = _number(name)
    return number is not None and number != int(number)


def _shown(values: Iterable[Any]) -> str:
    return listed([name_of(value) or "nothing" for value in values])


def _positive(
    known: _Known, labels: numpy.ndarray, wanted: str | None
) -> tuple[int | None, Literal["setting", "rarer"] | None]:
    if wanted is not None:
        place = known.find(wanted)
        if place < 0:
            raise UserError(
                f"tollgate:evaluation.positive is {wanted}, which is no class of the model or the data; "
                f"the classes are {listed(known.names)}."
            )
        return place, "setting"
    if len(known.names) != 2:
        return None, None
    rows = numpy.bincount(known.codes(labels), minlength=2)
    if rows[0] == rows[1]:
        # As likely: 1 where there is one, as data says yes, else the later one.
        return (0 if known.find(1) == 0 else 1), "rarer"
    return int(rows.argmin()), "rarer"
