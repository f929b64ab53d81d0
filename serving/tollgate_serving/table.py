"""Converted rows: what requests and files become, and what the model's input is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy

from tollgate_serving.layout import Layout
from tollgate_serving.signature import Column, Signature


@dataclass(frozen=True, eq=False)
class Table:
    """Rows in columns: one array for each group of the layout, rows by its columns."""

    layout: Layout
    blocks: tuple[numpy.ndarray, ...]

    def __len__(self) -> int:
        return len(self.blocks[0])

    def __getitem__(self, rows: slice | numpy.ndarray) -> Table:
        return Table(self.layout, tuple(block[rows] for block in self.blocks))

    @cached_property
    def kind(self) -> tuple[Any, ...]:
        """Tables of the same kind give the model columns of the same names and types, so they may be put together."""
        gaps = [
            tuple(place for place, column in enumerate(block.T) if None in column.tolist())
            for block, columns in zip(self.blocks, self.layout.members)
            if columns[0].type == "boolean" and block.dtype == object
        ]
        return (self.layout.columns, *gaps)

    @staticmethod
    def joined(parts: Sequence[Table]) -> Table:
        """Tables of one kind, one after the other."""
        blocks = zip(*(part.blocks for part in parts))
        return Table(parts[0].layout, tuple(numpy.concatenate(block) for block in blocks))

    def frame(self) -> Any:
        """The model's DataFrame."""
        import pandas

        layout = self.layout
        names = layout.frame_columns
        frames = [
            _frame(block, names.take(group), columns[0])
            for block, group, columns in zip(self.blocks, layout.groups, layout.members)
        ]
        if len(frames) == 1:
            return frames[0]
        whole = pandas.concat(frames, axis=1)
        return whole if layout.order is None else whole.iloc[:, layout.order]

    def column(self, place: int) -> numpy.ndarray:
        """Values of the column at that place of the layout."""
        for block, group in zip(self.blocks, self.layout.groups):
            if place in group:
                return block[:, group.index(place)]
        raise IndexError(place)


@dataclass(frozen=True, eq=False)
class NamedTensors:
    """Arrays by name, with as many rows each."""

    arrays: dict[str, numpy.ndarray]

    def __len__(self) -> int:
        return len(next(iter(self.arrays.values())))

    def __getitem__(self, rows: slice | numpy.ndarray) -> NamedTensors:
        return NamedTensors({name: array[rows] for name, array in self.arrays.items()})

    @property
    def kind(self) -> tuple[Any, ...]:
        return tuple(array.shape[1:] for array in self.arrays.values())

    @staticmethod
    def joined(parts: Sequence[NamedTensors]) -> NamedTensors:
        names = parts[0].arrays
        return NamedTensors(
            {name: numpy.concatenate([part.arrays[name] for part in parts]) for name in names}
        )


#: Rows as the predictor takes them. An array where the model takes one, or where all columns are numbers of one type.
Rows = numpy.ndarray | Table | NamedTensors


def kind_of(rows: Rows) -> Any:
    """What has to be the same for rows to be put together."""
    return rows.shape[1:] if isinstance(rows, numpy.ndarray) else rows.kind


def joined(parts: Sequence[Rows]) -> Rows:
    """Rows of one kind, one after the other."""
    first = parts[0]
    return numpy.concatenate(parts) if isinstance(first, numpy.ndarray) else first.joined(parts)


def model_input(rows: Rows, signature: Signature) -> Any:
    """What the model's ``predict`` gets: a DataFrame, an array, or arrays by name."""
    if isinstance(rows, Table):
        return rows.frame()
    if isinstance(rows, NamedTensors):
        return rows.arrays
    if signature.kind != "columns":
        return rows
    import pandas

    return pandas.DataFrame(rows, columns=signature.layout.frame_columns)


def _frame(block: numpy.ndarray, names: Any, column: Column) -> Any:
    import pandas

    if column.type == "string":
        # As pandas reads texts: what is missing among them is NaN.
        return pandas.DataFrame(block, columns=names, dtype="str")
    if column.type == "boolean" and block.dtype == object:
        whole = {
            name: values if None in values.tolist() else values.astype("bool")
            for name, values in zip(names, block.T)
        }
        return pandas.DataFrame(whole, columns=names)
    return pandas.DataFrame(block, columns=names)
