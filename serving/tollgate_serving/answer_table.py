"""Whatever a model answers, as columns of one value a row: arrays, tables, dicts and lists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy

from tollgate_serving.classes import listed
from tollgate_serving.errors import UserError

#: The setting that says which of them is measured.
SETTING = "tollgate:evaluation.answer"


@dataclass(frozen=True)
class AnswerTable:
    """Answers as columns of one value a row."""

    names: list[str] | None
    columns: list[numpy.ndarray]

    @property
    def counted(self) -> bool:
        """Are the names pandas' own count?"""
        return self.names == list(map(str, range(len(self.columns))))

    @classmethod
    def of(cls, answers: Any) -> AnswerTable:
        import pandas

        if not isinstance(answers, pandas.DataFrame):
            answers = numpy.asarray(answers)
            if answers.dtype == object and answers.ndim == 1 and len(answers):
                answers = _unpacked(answers)
        if isinstance(answers, pandas.DataFrame):
            names = list(map(str, answers.columns))
            columns = [answers.iloc[:, place].to_numpy() for place in range(len(names))]
            return cls(names, columns)
        if answers.ndim == 1:
            return cls(None, [answers])
        if answers.ndim == 2 and answers.shape[1]:
            return cls(None, [_of_one_type(column) for column in answers.T])
        raise UserError(
            f"the model's predictions have the shape {list(answers.shape)}; log it with one prediction, or one row of "
            "them, for each row."
        )

    def named(self, outputs: Sequence[str]) -> AnswerTable:
        """By the signature's names where the answers have none of their own."""
        told = AnswerTable(list(outputs), self.columns)
        unnamed = self.names is None or self.counted
        return told if unnamed and len(outputs) == len(self.columns) and not told.counted else self

    def column(self, wanted: str | int) -> numpy.ndarray:
        if self.names is not None and str(wanted) in self.names:
            return self.columns[self.names.index(str(wanted))]
        if isinstance(wanted, int) and wanted < len(self.columns):
            return self.columns[wanted]
        places = f"0 to {len(self.columns) - 1}" if len(self.columns) > 1 else "0"
        raise UserError(
            f"{SETTING}.column is {wanted}, which the model doesn't answer; "
            f"its columns are {listed(self.names) if self.names else places}."
        )

    @property
    def shown(self) -> str:
        return f" ({listed(self.names)})" if self.names else ""


@dataclass(frozen=True)
class Targets:
    """One of the label columns ``names``, at ``place``."""

    names: tuple[str, ...]
    place: int

    def column(self, table: AnswerTable) -> numpy.ndarray:
        """By its name where the answers, or the signature's outputs, have names of labels, else by its place.

        Raises UserError.
        """
        if table.names is not None and set(self.names) <= set(table.names):
            return table.columns[table.names.index(self.names[self.place])]
        mixed = table.names is not None and set(self.names) & set(table.names)
        if mixed or len(table.columns) != len(self.names):
            raise UserError(
                f"the model answers {len(table.columns)} values for each row{table.shown}, where "
                f"tollgate:evaluation.label names {listed(self.names)}; log it with an output for each of them."
            )
        return table.columns[self.place]


def _unpacked(answers: numpy.ndarray) -> Any:
    """Dicts as a table, lists as a matrix, anything else as it is."""
    import pandas

    first = answers[0]
    if isinstance(first, dict):
        odd = [one for one in answers if not isinstance(one, dict) or one.keys() != first.keys()]
        if odd:
            raise UserError(
                f"the model answers a dict with {listed(list(map(str, first)))} for the first row and another kind of "
                "answer for other rows; let it answer all rows alike."
            )
        return pandas.DataFrame.from_records(answers.tolist())
    if isinstance(first, (list, tuple, numpy.ndarray)):
        lists = (list, tuple, numpy.ndarray)
        sizes = {len(one) if isinstance(one, lists) else -1 for one in answers}
        if len(sizes) > 1:
            raise UserError(
                "the model answers lists of different lengths; let it answer each row with as many values."
            )
        table = numpy.empty((len(answers), len(first)), dtype=object)
        for row, values in enumerate(answers):
            table[row, :] = list(values)
        return table
    return answers


def _of_one_type(column: numpy.ndarray) -> numpy.ndarray:
    """One column of rows that are lists: as numpy has it by itself, so that a text beside it makes it no text."""
    if column.dtype != object or any(isinstance(value, (list, tuple, dict)) for value in column):
        return column
    found = numpy.array(column.tolist())
    # numpy writes numbers as texts where there is a text among them.
    return column if found.dtype.kind in "US" and not _all_texts(column) else found


def _all_texts(values: numpy.ndarray) -> bool:
    return all(isinstance(value, str) for value in values)
