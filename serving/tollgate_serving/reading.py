"""What of a model's answers is measured: a class or a number for each row.

Most models answer just that. Others answer a table, a dict, several numbers or probabilities; then the settings say
which column counts (``tollgate:evaluation.answer``), and how a class follows from numbers.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy

from tollgate_serving.answer_table import SETTING, AnswerTable, Targets
from tollgate_serving.classes import Classes, listed, name_of
from tollgate_serving.errors import UserError
from tollgate_serving.spec import AnswerSettings

#: A number as text, as pandas reads it of a CSV; NaN and infinite ones are refused by who wants finite ones.
_NUMBER = re.compile(
    r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*|[+-]?(nan|inf|infinity)", re.I | re.A
)


@dataclass(frozen=True)
class Probabilities:
    """A column of ``values`` for each of ``classes``."""

    values: numpy.ndarray
    classes: Sequence[Any]


@dataclass(frozen=True)
class Reading:
    """How one label's predictions are read from answers."""

    settings: AnswerSettings
    #: Is a number wanted, and not a class?
    numbers: bool
    #: Of ``threshold``: the class at and above it, and the other one.
    pair: tuple[str, str] | None = None
    #: Which of several numbers of a regression; None where it has one.
    targets: Targets | None = None
    #: Names of the classes that the evaluation's labels have.
    labelled: frozenset[str] = frozenset()

    def predictions(
        self, answers: Any, classes: Sequence[Any] | None, outputs: Sequence[str] = ()
    ) -> numpy.ndarray:
        """One finite value for each row. Raises UserError.

        ``classes`` are those of the model, if it names some, and ``outputs`` the names that its signature has for its
        answers, which say what columns are that come without names.
        """
        values = self.values(answers, classes, outputs)
        missing = int(is_missing(values).sum())
        if missing:
            what = "aren't finite numbers" if values.dtype.kind == "f" else "are missing or NaN"
            raise UserError(f"{missing} of {len(values)} predictions {what}; mend the model.")
        return values

    def values(
        self, answers: Any, classes: Sequence[Any] | None, outputs: Sequence[str] = ()
    ) -> numpy.ndarray:
        """One value for each row, also where it is missing or no finite number. Raises UserError."""
        table = AnswerTable.of(answers)
        if self.settings.argmax is not None:
            found = self._all_columns(table, classes)
            largest = numpy.asarray(found.classes, dtype=object)[_largest(found.values)]
            return _where_known(found.values.sum(axis=1), largest)
        column = self._column(table, classes, outputs)
        if self.settings.threshold is not None:
            return self._by_threshold(column)
        if not self.numbers:
            return column
        try:
            return as_numbers(column)
        except NoNumber as error:
            raise UserError(
                f"the model answers {error.shown}, which is no number; "
                "check tollgate:evaluation.task and the label column."
            ) from None

    def probabilities(
        self, answers: Any, classes: Sequence[Any] | None, outputs: Sequence[str] = ()
    ) -> Probabilities | None:
        """What the answers themselves say of how likely classes are; None where they are classes."""
        table = AnswerTable.of(answers)
        if self.settings.argmax is not None:
            return self._all_columns(table, classes)
        if self.settings.threshold is None:
            return None
        column = _numbers(self._column(table, classes, outputs))
        if column is None:
            return None
        return Probabilities(numpy.column_stack([column, 1 - column]), self._pair)

    @property
    def is_plain(self) -> bool:
        """Are the answers classes themselves, or numbers?"""
        return self.settings.threshold is None and self.settings.argmax is None

    @property
    def _pair(self) -> tuple[str, str]:
        assert self.pair is not None
        return self.pair

    def _column(
        self, table: AnswerTable, classes: Sequence[Any] | None, outputs: Sequence[str]
    ) -> numpy.ndarray:
        wanted = self.settings.column
        if self.targets is not None:
            return self.targets.column(table.named(outputs))
        if wanted is not None:
            return table.named(outputs).column(wanted)
        if len(table.columns) == 1:
            return table.columns[0]
        if self.settings.threshold is not None and len(table.columns) == 2:
            names = [name_of(each) for each in self._classes_of(table, classes) or ()]
            if self._pair[0] in names:
                return table.columns[names.index(self._pair[0])]
        ways = f"name one in {SETTING}.column"
        if not self.numbers:
            ways += f", or set {SETTING}.argmax where each is a class's probability"
        raise UserError(
            f"the model answers {len(table.columns)} values for each row{table.shown}, and nothing says which one is "
            f"measured; {ways}."
        )

    def _by_threshold(self, column: numpy.ndarray) -> numpy.ndarray:
        numbers = _numbers(column)
        if numbers is None:
            if set(map(name_of, column)) <= set(self._pair):
                return column
            raise UserError(
                f"the model answers {_example(column)}, which is no number to compare with "
                f"{SETTING}.threshold; name the number's column in {SETTING}.column."
            )
        positive, other = self._pair
        said = numpy.where(numbers >= self.settings.threshold, positive, other).astype(object)
        return _where_known(numbers, said)

    def _all_columns(self, table: AnswerTable, classes: Sequence[Any] | None) -> Probabilities:
        numbers = [_numbers(column) for column in table.columns]
        wrong = [place for place, column in enumerate(numbers) if column is None]
        if wrong:
            raise UserError(
                f"{SETTING}.argmax compares numbers, but the model answers {_example(table.columns[wrong[0]])}"
                f"{table.shown}; name the class's column in {SETTING}.column instead."
            )
        given = self.settings.argmax
        named = given if isinstance(given, list) else self._classes_of(table, classes)
        if named is None or len(named) != len(numbers):
            has = "no classes are known" if named is None else f"there are {len(named)} classes"
            raise UserError(
                f"{SETTING}.argmax can't be told: the model answers {len(numbers)} values for each row and {has}; "
                f"list the classes in their order, such as {SETTING}.argmax: [no, yes]."
            )
        return Probabilities(numpy.column_stack(numbers), list(named))

    def _classes_of(
        self, table: AnswerTable, classes: Sequence[Any] | None
    ) -> Sequence[Any] | None:
        """The class of each column, by its name. pandas counts columns that nobody named: then the model says, and
        where it doesn't, the numbers are classes only if the labels are among them."""
        if not table.counted:
            return table.names or classes
        if classes is None and self.labelled and self.labelled <= set(table.names or ()):
            return table.names
        return classes


def threshold_pair(classes: Classes, positive: str | None) -> tuple[str, str]:
    """The two classes that ``threshold`` tells apart, of those that are known before any answer. Raises UserError."""
    if positive is None:
        raise UserError(
            f"{SETTING}.threshold needs tollgate:evaluation.positive: the class that the number speaks for; "
            f"the classes are {listed(classes.names)}."
        )
    code = int(classes.codes([positive])[0])
    others = [name for place, name in enumerate(classes.names) if place != code]
    if len(others) != 1:
        raise UserError(
            f"{SETTING}.threshold tells two classes apart, {positive} and another one, but the classes are "
            f"{listed(classes.names)}; set {SETTING}.argmax for more, and correct tollgate:evaluation.positive."
        )
    return (classes.names[code] if code >= 0 else positive), others[0]


class NoNumber(ValueError):
    """A value that is no number: ``shown`` is its beginning, ``place`` where it is."""

    def __init__(self, place: int, value: Any):
        self.place, self.shown = place, f"{value!s:.60}"
        super().__init__(self.shown)


def as_numbers(values: numpy.ndarray) -> numpy.ndarray:
    """As doubles; a text is the number that a CSV would have by it. Raises NoNumber."""
    if values.dtype.kind in "iufb":
        return values.astype("float64")
    if values.dtype.kind in "mM" and len(values):
        # A count of nanoseconds, for numpy.
        raise NoNumber(0, values[0])
    found = numpy.empty(len(values))
    for place, value in enumerate(values):
        # Python's own numbers may have underscores.
        if isinstance(value, (str, bytes)) and not _NUMBER.fullmatch(str(value)):
            raise NoNumber(place, value)
        try:
            found[place] = math.nan if value is None else float(value)
        except (TypeError, ValueError, OverflowError):
            raise NoNumber(place, value) from None
    return found


def is_missing(values: numpy.ndarray) -> numpy.ndarray:
    """Which of them are no answer: NaN, infinite or None."""
    import pandas

    if values.dtype.kind == "f":
        return ~numpy.isfinite(values)
    return numpy.asarray(pandas.isna(values))


def _numbers(column: numpy.ndarray) -> numpy.ndarray | None:
    """None where they are none; texts that look like numbers are texts."""
    if column.dtype.kind in "iufb":
        return column.astype("float64")
    if any(isinstance(value, (str, bytes)) for value in column):
        return None
    try:
        return column.astype("float64")
    except (TypeError, ValueError):
        return None


def _largest(values: numpy.ndarray) -> numpy.ndarray:
    return numpy.where(numpy.isnan(values), -numpy.inf, values).argmax(axis=1)


def _where_known(numbers: numpy.ndarray, classes: numpy.ndarray) -> numpy.ndarray:
    """No class follows from a number that is none."""
    unknown = numpy.isnan(numbers)
    if unknown.any():
        classes = classes.copy()
        classes[unknown] = None
    return classes


def _example(column: numpy.ndarray) -> str:
    return f"{column[0]!s:.60}" if len(column) else "nothing"
