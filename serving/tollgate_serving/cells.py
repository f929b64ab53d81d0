"""Values of a request's JSON, as numpy keeps them: one rule for each type of a signature.

What may be missing: numbers with a fraction (NaN), texts, bytes and booleans (None), and times (NaT). MLflow hands no
model a missing whole number, in any format, so null is refused there.
"""

from __future__ import annotations

import base64
import binascii
import itertools
import math
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import numpy

from tollgate_serving import nested
from tollgate_serving.signature import NUMPY_TYPES, Column

#: The largest whole number up to which a double has all of them: one that comes as a double and is larger has lost
#: digits, and may be another number than was sent.
EXACT = 2**53
#: Dates and times as requests write them; up to nine digits of a second, as pandas keeps them.
TIME = r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?)?"
_TIME = re.compile(TIME)
#: What 64 bits of nanoseconds since 1970 can tell, whole days of it.
FIRST_TIME, LAST_TIME = datetime(1677, 9, 22), datetime(2262, 4, 11)
_NOTHING = type(None)
_SINGLE = {str, int, float, bool, _NOTHING}


class Unfit(Exception):
    """A value that its type doesn't hold: its place among all, and the value itself (None: it is missing)."""

    def __init__(self, place: int, value: Any):
        super().__init__(place)
        self.place, self.value = place, value


def array_of(values: list[Any], columns: Sequence[Column]) -> numpy.ndarray:
    """Values of JSON as one flat array; they go round ``columns``, which are of one type. Raises Unfit."""
    type_name = columns[0].type
    kinds = set(map(type, values))
    dtype = NUMPY_TYPES.get(type_name)
    if dtype is None or dtype == "bool":
        return _others(values, kinds, columns)
    if dtype.startswith("float"):
        if not kinds <= {int, float, _NOTHING}:
            raise _first(values, lambda value: type(value) in (int, float, _NOTHING))
        try:
            found = numpy.array(values, dtype="float64")
        except OverflowError:
            raise _first(values, _is_double) from None
        return narrowed(found, dtype, values)
    if not kinds <= {int}:
        values = [_whole(value, place) for place, value in enumerate(values)]
    try:
        return numpy.array(values, dtype=dtype)
    except OverflowError:
        limits = numpy.iinfo(dtype)
        raise _first(values, lambda value: limits.min <= value <= limits.max) from None


def narrowed(values: numpy.ndarray, dtype: str, given: Sequence[Any]) -> numpy.ndarray:
    """Doubles in a type of floats; NaN is what is missing. Raises Unfit for an infinite one, or one that gets so."""
    with numpy.errstate(over="ignore"):
        found = values.astype(dtype, copy=False)
    if not numpy.isfinite(found).all():
        infinite = numpy.flatnonzero(numpy.isinf(found))
        if infinite.size:
            place = int(infinite[0])
            raise Unfit(place, given[place])
    return found


def may_be_missing(column: Column) -> bool:
    """Does a model get rows in which this column has no value?"""
    if column.nested is not None:
        return not column.required
    return NUMPY_TYPES.get(column.type, "float").startswith(("float", "bool"))


def time_of(text: Any) -> numpy.datetime64:
    """Raises ValueError for what isn't written as ``TIME`` or isn't between the first and the last one."""
    if type(text) is not str or not _TIME.fullmatch(text):
        raise ValueError
    if not FIRST_TIME <= datetime.fromisoformat(text) < LAST_TIME:
        raise ValueError
    return numpy.datetime64(text, "ns")


def bytes_of(text: Any) -> bytes:
    """Of base64, in one line or in several, as MLflow's server writes it. Raises ValueError for what isn't any."""
    if type(text) is not str:
        raise ValueError
    try:
        return base64.b64decode(text.replace("\r", "").replace("\n", ""), validate=True)
    except binascii.Error:
        raise ValueError from None


def objects(values: Sequence[Any]) -> numpy.ndarray:
    """Python's own objects, each in a place of its own, lists too."""
    return numpy.fromiter(values, dtype=object, count=len(values))


def _others(values: list[Any], kinds: set[type], columns: Sequence[Column]) -> numpy.ndarray:
    type_name = columns[0].type
    if _NOTHING in kinds:
        for place, (value, column) in enumerate(zip(values, itertools.cycle(columns))):
            if value is None and not may_be_missing(column):
                raise Unfit(place, None)
    if columns[0].nested is not None:
        return objects(_each(values, nested.converter(columns[0].nested)))
    if type_name == "object":
        if not kinds <= _SINGLE:
            raise _first(values, lambda value: type(value) in _SINGLE)
        return objects(values)
    if type_name in ("boolean", "string"):
        wanted = {bool if type_name == "boolean" else str, _NOTHING}
        if not kinds <= wanted:
            raise _first(values, lambda value: type(value) in wanted)
        if type_name == "boolean" and _NOTHING not in kinds:
            return numpy.array(values, dtype="bool")
        return objects(values)
    if type_name == "datetime":
        times = _each(values, time_of, numpy.datetime64("NaT", "ns"))
        return numpy.array(times, dtype="datetime64[ns]")
    return objects(_each(values, bytes_of))


def _each(values: list[Any], convert: Callable[[Any], Any], missing: Any = None) -> list[Any]:
    found = []
    for place, value in enumerate(values):
        try:
            found.append(missing if value is None else convert(value))
        except ValueError:
            raise Unfit(place, value) from None
    return found


def _whole(value: Any, place: int) -> int:
    """JSON has one kind of number, so 3.0 is a whole number too."""
    if type(value) is int:
        return value
    fits = type(value) is float and math.isfinite(value) and value == int(value)
    if not fits or abs(value) > EXACT:
        raise Unfit(place, value)
    return int(value)


def _is_double(value: Any) -> bool:
    try:
        return value is None or math.isfinite(float(value))
    except OverflowError:
        return False


def _first(values: Sequence[Any], fits: Callable[[Any], bool]) -> Unfit:
    """The first that doesn't fit; there is one."""
    place = next(place for place, value in enumerate(values) if not fits(value))
    return Unfit(place, values[place])
