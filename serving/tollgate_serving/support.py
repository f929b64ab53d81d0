"""How many rows the evidence stands on, each different row counted once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy

from tollgate_serving.classes import Classes
from tollgate_serving.same_rows import row_hashes

#: More classes than these aren't counted one by one: the document would be mostly that.
MOST_CLASSES = 1000


@dataclass(frozen=True)
class DistinctRows:
    """Which rows of a table are the same. A row a thousand times tells as much as that row once."""

    #: Of each row: the number of its group, counted from 0.
    groups: numpy.ndarray
    #: Of each group: the place of its first row, rising.
    first: numpy.ndarray

    @classmethod
    def of(cls, frame: Any, columns: Sequence[str] | None = None) -> DistinctRows:
        """By what the cells in ``columns`` say, all of them by default.

        1, 1.0 and the text "1" are one value, and the order of the columns says nothing.
        """
        names = sorted(map(str, frame.columns if columns is None else columns))
        named = frame.set_axis(list(map(str, frame.columns)), axis=1)[names]
        return cls.of_hashes(row_hashes(named))

    @classmethod
    def of_hashes(cls, hashes: numpy.ndarray) -> DistinctRows:
        """By a hash of each row, as ``same_rows`` has them."""
        _, first, groups = numpy.unique(hashes, return_index=True, return_inverse=True)
        order = numpy.argsort(first)
        place = numpy.empty_like(order)
        place[order] = numpy.arange(len(order))
        return cls(place[groups], first[order])

    @classmethod
    def different(cls, rows: int) -> DistinctRows:
        """Of so many rows that are known to be different, each."""
        return cls(numpy.arange(rows), numpy.arange(rows))

    @property
    def count(self) -> int:
        return len(self.first)

    def within(self, chosen: Any) -> numpy.ndarray:
        """A mask of the chosen rows (a mask itself) that holds the first of each group among them."""
        # From the last to the first, so that the first of a group is what stays written.
        places = numpy.flatnonzero(chosen)[::-1]
        first = numpy.full(self.count, -1)
        first[self.groups[places]] = places
        mask = numpy.zeros(len(self.groups), dtype=bool)
        mask[first[first >= 0]] = True
        return mask


class Support:
    """The ``support`` of the evidence document, of all rows or of a selection of them."""

    def __init__(self, labels: Any, predictions: Any, rows: DistinctRows, classes: Classes | None):
        """Labels and predictions as ``measures.Measure`` takes them."""
        self._rows = rows
        counted = classes is not None and len(classes.names) <= MOST_CLASSES
        self._classes = classes if counted else None
        self._positive = None if classes is None else classes.facts()["positive"]
        self._labels, self._said = numpy.asarray(labels), numpy.asarray(predictions)

    def of(self, chosen: Any = None) -> dict[str, Any]:
        """Of the rows of a mask, or of all. The label is part of what makes a row distinct.

        ``predicted`` counts the distinct rows that the model says are of the class: what its precision is
        measured on. All rows have every class, also one that none of them has; a selection has those that occur in
        it, as its macro metrics do, and the two of a yes or no.
        """
        rows = len(self._rows.groups)
        mask = numpy.ones(rows, dtype=bool) if chosen is None else numpy.asarray(chosen)
        once = self._rows.within(mask)
        found = {"distinctRows": int(once.sum()), "positive": self._positive, "classes": None}
        if self._classes is None:
            return found
        names = self._classes.names
        counts = [
            numpy.bincount(codes[codes >= 0], minlength=len(names)).tolist()
            for codes in (self._labels[mask], self._labels[once], self._said[once])
        ]
        found["classes"] = [
            {"value": name, "rows": rows, "distinctRows": distinct, "predicted": predicted}
            for name, rows, distinct, predicted in zip(names, *counts)
            if rows or predicted or chosen is None or len(names) <= 2
        ]
        return found
