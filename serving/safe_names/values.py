"""Values that models are made of: Python's own, arrays, sparse matrices and tables."""

from __future__ import annotations

import datetime
import decimal
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Iterator
from typing import Any

import numpy
import pandas
import scipy.sparse
from scipy import special

_DTYPES = [
    "?",
    "b",
    "B",
    "h",
    "H",
    "i",
    "I",
    "l",
    "L",
    "q",
    "Q",
    "e",
    "f",
    "d",
    "g",
    "F",
    "D",
    "S3",
    "U3",
    "V4",
    "O",
    "M8[ns]",
    "m8[s]",
    ">f8",
    ">i4",
    ">U2",
]
#: Functions of arrays that a FunctionTransformer names. They take arrays and give arrays.
ARRAY_FUNCTIONS = [
    "abs",
    "absolute",
    "arccos",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctanh",
    "cbrt",
    "ceil",
    "clip",
    "cos",
    "cosh",
    "cumsum",
    "deg2rad",
    "degrees",
    "diff",
    "exp",
    "exp2",
    "expm1",
    "floor",
    "isfinite",
    "isnan",
    "log",
    "log10",
    "log1p",
    "log2",
    "logical_not",
    "max",
    "maximum",
    "mean",
    "median",
    "min",
    "minimum",
    "nan_to_num",
    "negative",
    "positive",
    "rad2deg",
    "radians",
    "ravel",
    "reciprocal",
    "rint",
    "round",
    "sign",
    "sin",
    "sinh",
    "sqrt",
    "square",
    "std",
    "sum",
    "tan",
    "tanh",
    "trunc",
    "var",
]
SPECIAL_FUNCTIONS = [
    "expit",
    "exprel",
    "logit",
    "log1p",
    "expm1",
    "boxcox",
    "boxcox1p",
    "inv_boxcox",
    "inv_boxcox1p",
    "erf",
]


def python_values() -> Iterator[Any]:
    yield [None, True, 1, 1 << 70, -1, 0.5, 1j, "a", "a" * 300, b"ab", b"a" * 300, b""]
    yield [
        bytearray(b"ab"),
        bytearray(),
        (1, 2, 3, 4),
        {"a": [1]},
        {1, 2},
        set(),
        frozenset((1, "a")),
    ]
    yield [
        slice(None),
        slice(1),
        slice(0, 1),
        slice(0, 4, 2),
        slice("a", "b"),
        range(3),
        range(1, 9, 2),
    ]
    yield [
        slice(1, None),
        slice(None, None, 2),
        slice(0, None, 2),
        slice(None, "b"),
        slice("a", None),
    ]
    yield OrderedDict(a=1)
    yield OrderedDict()
    for kind in (list, int, float, dict, set, str, tuple):
        yield defaultdict(kind, {"a": kind()})
    yield [Counter("aab"), Counter(), deque([1, 2]), deque([1], 3), deque()]
    zone = datetime.UTC
    yield [datetime.date(2020, 1, 1), datetime.time(1), datetime.timedelta(1), zone]
    yield [datetime.datetime(2020, 1, 1), datetime.datetime(2020, 1, 1, tzinfo=zone)]
    yield [datetime.timezone(datetime.timedelta(hours=1)), datetime.time(1, tzinfo=zone)]
    yield [decimal.Decimal("1.5")]
    types = [
        bool,
        int,
        float,
        complex,
        str,
        bytes,
        list,
        tuple,
        dict,
        set,
        frozenset,
        object,
        slice,
        range,
    ]
    yield types


def array_values() -> Iterator[Any]:
    for code in _DTYPES:
        dtype = numpy.dtype(code)
        array = numpy.zeros((2, 3), dtype)
        yield [
            dtype,
            array,
            numpy.asfortranarray(array),
            array[:, ::2],
            array.reshape(-1),
            array[:0],
        ]
        yield array[0, 0]
        yield numpy.ma.masked_array(array, numpy.zeros((2, 3), bool))
        # A type as a setting: FunctionTransformer(dtype=numpy.float32).
        yield dtype.type
    yield numpy.array(["a", None, {1: 2}], dtype=object)
    yield numpy.array(["a", None], dtype=object)[0:1]
    for parts in ([("a", "f4"), ("b", "i8", (2,))], [("a", "O"), ("b", "U2")]):
        yield [numpy.dtype(parts), numpy.zeros(3, parts), numpy.zeros(3, parts)[0]]
    yield numpy.zeros(
        2, numpy.dtype({"names": ["a"], "formats": ["f4"], "offsets": [4], "itemsize": 16})
    )
    yield numpy.dtype("f8", align=True), numpy.dtype([("a", "f4")], align=True)
    yield numpy.zeros(2).view(numpy.matrix)
    yield numpy.zeros(3, [("a", "f4")]).view(numpy.recarray)
    yield numpy.ma.masked
    yield [numpy.random.RandomState(0), numpy.random.default_rng(0), numpy.random.SeedSequence(1)]
    for bits in ("MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64"):
        made = getattr(numpy.random, bits)(0)
        yield [made, numpy.random.Generator(made), numpy.random.RandomState(made)]
    for name in ARRAY_FUNCTIONS:
        yield getattr(numpy, name)
    for name in SPECIAL_FUNCTIONS:
        yield getattr(special, name)


def sparse_values() -> Iterator[Any]:
    for matrix in (numpy.eye(4), numpy.eye(4, dtype="f4"), numpy.eye(4, dtype=bool)):
        for kind in ("bsr", "coo", "csc", "csr", "dia", "dok", "lil"):
            for form in ("matrix", "array"):
                yield getattr(scipy.sparse, f"{kind}_{form}")(matrix)


def table_values() -> Iterator[Any]:
    frame = pandas.DataFrame(
        {
            "number": [1.5, 2.5, None],
            "count": [1, 2, 3],
            "text": ["a", "b", None],
            "yes": [True, False, True],
            "kind": pandas.Categorical(["x", "y", "x"]),
            "day": pandas.to_datetime(["2020-01-01", "2020-01-02", None]),
            "zoned": pandas.to_datetime(["2020-01-01", "2020-01-02", None]).tz_localize("UTC"),
            "span": pandas.to_timedelta([1, 2, 3], unit="h"),
            "integers": pandas.array([1, None, 3], dtype="Int64"),
            "floats": pandas.array([1.5, None, 3], dtype="Float64"),
            "truths": pandas.array([True, None, False], dtype="boolean"),
            "words": pandas.array(["a", None, "c"], dtype="string"),
            "period": pandas.period_range("2020-01", periods=3, freq="M"),
            "between": pandas.interval_range(0, 3),
            "objects": pandas.Series(["a", 1, None], dtype=object),
        }
    )
    yield [frame, frame.set_index("count"), frame[["number"]], frame.iloc[:0], frame.T]
    for name in frame:
        yield [frame[name], frame[name].array, frame[name].dtype, pandas.Index(frame[name])]
        yield [value for value in frame[name] if value is not None]
    yield frame.dtypes
    yield frame.columns
    yield [pandas.RangeIndex(3), pandas.MultiIndex.from_product([[1, 2], ["a", "b"]])]
    yield [pandas.CategoricalDtype(["a"], ordered=True), pandas.NA, pandas.NaT]
    yield [pandas.DatetimeTZDtype(tz="UTC"), pandas.Timestamp("2020-01-01", tz="UTC")]
    for often in ("D", "h", "min", "s", "W", "QE", "YE", "B", "MS"):
        yield pandas.tseries.frequencies.to_offset(often)
    for often in ("D", "h", "min", "s", "W", "Q", "Y", "B"):
        yield [
            pandas.period_range("2020-01", periods=2, freq=often),
            pandas.Period("2020-01", often),
        ]
    yield [pandas.interval_range(0.5, 3.5), pandas.Interval(0.5, 1.5), pandas.Interval(0, 1)]
    yield pandas.cut(pandas.Series([1.0, 2.0, 3.0]), 2)
    yield pandas.arrays.SparseArray([0, 0, 1])
    yield pandas.Series(["a", "b"], dtype=pandas.StringDtype("python"))
