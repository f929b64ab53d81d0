"""How a table's columns are kept: those of one type together."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy

if TYPE_CHECKING:
    from tollgate_serving.signature import Column


@dataclass(frozen=True, eq=False)
class Layout:
    """The columns of a table, those of one type together."""

    columns: tuple[Column, ...]
    #: Do the columns have names? Else pandas counts them.
    named: bool

    @cached_property
    def groups(self) -> tuple[tuple[int, ...], ...]:
        """Places of the columns of each type, as the types first come."""
        found: dict[str, list[int]] = {}
        for place, column in enumerate(self.columns):
            found.setdefault(column.type, []).append(place)
        return tuple(map(tuple, found.values()))

    @cached_property
    def members(self) -> tuple[tuple[Column, ...], ...]:
        """The columns of each group."""
        return tuple(tuple(self.columns[place] for place in group) for group in self.groups)

    @cached_property
    def frame_columns(self) -> Any:
        """pandas' names of all columns."""
        import pandas

        if not self.named:
            return pandas.RangeIndex(len(self.columns))
        return pandas.Index([column.label for column in self.columns])

    @cached_property
    def order(self) -> numpy.ndarray | None:
        """Where each column is once the groups are put side by side; None where that is their order."""
        places = [place for group in self.groups for place in group]
        return None if places == sorted(places) else numpy.argsort(places)
