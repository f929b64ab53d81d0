"""Ways of disturbing a table of inputs, each drawn from a random generator.

Every function takes the table as a pandas DataFrame and gives a disturbed copy with the same columns and
types, or None when no column can be disturbed that way. Lists, objects and arrays aren't disturbed.
"""

from __future__ import annotations

from typing import Any

import numpy

from tollgate_serving.parts import holds_parts

#: Share of the number cells that are put out of range.
OUT_OF_RANGE_SHARE = 0.05


def noise(frame: Any, strength: float, draw: numpy.random.Generator) -> Any | None:
    """Adds Gaussian noise to every number: ``strength`` of its column's standard deviation."""
    columns = number_columns(frame)
    disturbed = frame.copy()
    for name in columns:
        values = _floats(frame[name])
        moved = values + draw.normal(0.0, strength * numpy.nanstd(values), len(values))
        disturbed[name] = like(moved, frame[name])
    return disturbed if columns else None


def missing(frame: Any, strength: float, draw: numpy.random.Generator) -> Any | None:
    """Empties the share ``strength`` of all cells that can be empty.

    Whole numbers and booleans can't: the scorer refuses a request without them before the model sees it.
    """
    columns = [
        name
        for name in frame.columns
        if frame[name].dtype.kind not in "iub" and not holds_parts(frame[name])
    ]
    disturbed = frame.copy()
    for name in columns:
        disturbed[name] = frame[name].mask(_chosen(len(frame), strength, draw))
    return disturbed if columns else None


def swapped(frame: Any, strength: float, draw: numpy.random.Generator) -> Any | None:
    """In the share ``strength`` of the rows, every categorical cell gets another category of its column."""
    rows = _chosen(len(frame), strength, draw)
    disturbed = frame.copy()
    columns = 0
    for name in frame.columns:
        if frame[name].dtype.kind in "iufM" or holds_parts(frame[name]):
            continue
        codes, categories = _factorized(frame[name])
        if len(categories) < 2:
            continue
        columns += 1
        # Any but its own, each as likely; a missing cell (code -1) gets any but the last.
        others = (codes + draw.integers(1, len(categories), len(codes))) % len(categories)
        changed = frame[name].copy()
        changed[rows] = categories[others[rows]]
        disturbed[name] = changed
    return disturbed if columns else None


def out_of_range(frame: Any, strength: float, draw: numpy.random.Generator) -> Any | None:
    """Puts a twentieth of all numbers beyond their column's ends, by ``strength`` of its range."""
    columns = number_columns(frame)
    disturbed = frame.copy()
    for name in columns:
        values = _floats(frame[name])
        low, high = numpy.nanmin(values), numpy.nanmax(values)
        # A constant has no range: its own size stands for it.
        beyond = strength * ((high - low) or max(abs(high), 1.0))
        if frame[name].dtype.kind in "iu":
            beyond = numpy.ceil(beyond)
        outside = numpy.where(draw.random(len(values)) < 0.5, low - beyond, high + beyond)
        chosen = _chosen(len(values), OUT_OF_RANGE_SHARE, draw)
        disturbed[name] = like(numpy.where(chosen, outside, values), frame[name])
    return disturbed if columns else None


def number_columns(frame: Any) -> list[Any]:
    """Columns of numbers with at least one value."""
    return [
        name
        for name in frame.columns
        if frame[name].dtype.kind in "iuf" and frame[name].notna().any()
    ]


def steps(frame: Any, strength: float) -> dict[Any, float]:
    """``strength`` standard deviations of every column of numbers that can move so far."""
    found = {}
    for name in number_columns(frame):
        step = strength * float(numpy.nanstd(_floats(frame[name])))
        # A whole number moves by whole steps, and never by more than was asked for.
        step = float(numpy.floor(step)) if frame[name].dtype.kind in "iu" else step
        if step > 0:
            found[name] = step
    return found


def like(values: numpy.ndarray, column: Any) -> Any:
    """Numbers in the type of ``column``: whole ones rounded, and no larger than it can hold."""
    dtype = column.dtype
    if dtype.kind in "iu":
        limits = numpy.iinfo(dtype)
        values = numpy.clip(numpy.rint(values), limits.min, limits.max)
    return values.astype(dtype)


def _chosen(rows: int, share: float, draw: numpy.random.Generator) -> numpy.ndarray:
    """A mask of ``share`` of the rows, at least one."""
    count = min(rows, max(1, round(share * rows)))
    mask = numpy.zeros(rows, dtype=bool)
    mask[draw.choice(rows, count, replace=False)] = True
    return mask


def _floats(column: Any) -> numpy.ndarray:
    return column.to_numpy(dtype="float64", na_value=numpy.nan)


def _factorized(column: Any) -> tuple[numpy.ndarray, Any]:
    import pandas

    codes, categories = pandas.factorize(column, sort=True)
    return codes, categories
