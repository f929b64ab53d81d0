"""The placeholders that stand on a pickle's stack while ``pickle_names`` reads it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from tollgate_serving.pickle_input import PickleProblem

#: What rebuilds functions, classes and code objects that lie in the file itself.
CODE_MAKERS = {
    "cloudpickle.cloudpickle._make_function",
    "cloudpickle.cloudpickle._make_skeleton_class",
    "cloudpickle.cloudpickle._make_skeleton_enum",
    "cloudpickle.cloudpickle._function_setstate",
    "cloudpickle.cloudpickle._class_setstate",
    "cloudpickle.cloudpickle.dynamic_subimport",
    "cloudpickle.cloudpickle_fast._make_function",
    "dill._dill._create_function",
    "dill._dill._create_code",
    "dill._dill._create_type",
    "types.CodeType",
    "types.FunctionType",
    "marshal.load",
    "marshal.loads",
}
#: cloudpickle's way to name a type by a text, and the types of code.
_TYPE_BY_TEXT = "cloudpickle.cloudpickle._builtin_type"
_CODE_TYPES = {("CodeType",), ("FunctionType",), ("LambdaType",)}

#: Longer texts are never names, and aren't kept.
MAX_NAME = 256

_DTYPES = {"numpy.dtype", "numpy.core.multiarray.dtype", "numpy._core.multiarray.dtype"}
_SIMPLE_DTYPE = re.compile(r"[<>|=]?[biufcmMSUVO?][0-9]{0,9}")
#: Deepest nesting of types within types.
_MAX_NESTING = 8


@dataclass(eq=False, slots=True)
class Name:
    """A global name."""

    name: str


@dataclass(eq=False, slots=True)
class Thing:
    """What a call would build: the name that is called, and with what."""

    name: str
    arguments: Any = None
    #: Made by ``__new__`` of a class, so it is an object of that class.
    by_new: bool = False
    state: Any = None


@dataclass(eq=False, slots=True)
class Table:
    """A dict; only entries with a text as key are kept."""

    entries: dict[str, Any] = field(default_factory=dict)


@dataclass(eq=False, slots=True, frozen=True)
class Unknown:
    """Any other value, of which only the kind is kept."""

    kind: str


class Mark:
    """Start of a group of values on the stack."""


class Names(tuple[Any, ...]):
    """A tuple that holds global names, also in tuples within it. A plain tuple holds none."""

    names: frozenset[str]


#: What a loader hands out for a persistent id.
UNKNOWN = Unknown("unknown")
TEXT = Unknown("text")
BYTES = Unknown("bytes")
NUMBER = Unknown("number")
NONE = Unknown("none")
LIST = Unknown("list")
SET = Unknown("set")
#: An array whose bytes joblib's loader reads by itself.
ARRAY = Unknown("<array>")
MARK = Mark()


def constant(argument: Any) -> Any:
    """What is kept of a constant: short texts, numbers that can be a size, and the kind of the rest."""
    if isinstance(argument, str):
        return argument if len(argument) <= MAX_NAME else TEXT
    if type(argument) is int:
        return argument if abs(argument) < 1 << 63 else NUMBER
    return NUMBER if isinstance(argument, int | float) else BYTES


def tuple_of(values: list[Any]) -> tuple[Any, ...]:
    """A tuple that knows the names in it."""
    names: set[str] = set()
    for value in values:
        names |= names_in(value)
    if not names:
        return tuple(values)
    made = Names(values)
    made.names = frozenset(names)
    return made


def names_in(value: Any) -> frozenset[str]:
    """The global names that a value is, or that a tuple holds."""
    if isinstance(value, Name):
        return frozenset((value.name,))
    return value.names if isinstance(value, Names) else frozenset()


def makes_code_type(name: str, arguments: Any) -> bool:
    """Does a call ask cloudpickle for the type of functions or of their code?"""
    return (
        name == _TYPE_BY_TEXT
        and isinstance(arguments, tuple)
        and any(arguments == code for code in _CODE_TYPES)
    )


def may_be_text(value: Any) -> bool:
    """Could it be a text when the pickle really runs? Only results of calls aren't known here."""
    if isinstance(value, Thing):
        if value.by_new:
            return value.name == "builtins.str"
        return value.name not in _DTYPES and not value.name.endswith(".multiarray._reconstruct")
    return type(value) is str or isinstance(value, Unknown)


def array_layout(dtype: Any, depth: int = 0) -> tuple[int, bool]:
    """Of an array's type: bytes of one item, and whether items are objects, which are pickled one by one.

    Follows ``numpy.dtype.__setstate__``; a type that says two things raises PickleProblem.
    """
    if not isinstance(dtype, Thing) or dtype.name not in _DTYPES or depth > _MAX_NESTING:
        raise PickleProblem("it holds an array of an unknown type")
    text = dtype.arguments[0] if isinstance(dtype.arguments, tuple) and dtype.arguments else None
    if type(text) is not str or not _SIMPLE_DTYPE.fullmatch(text):
        raise PickleProblem("it holds an array of an unknown type")
    import numpy

    try:
        plain = numpy.dtype(text)
    except (TypeError, ValueError):
        raise PickleProblem("it holds an array of an unknown type") from None
    size, objects = plain.itemsize, plain.hasobject
    state = dtype.state
    if state is None:
        return size, objects
    # (version, byte order, subarray, names, fields, item size, alignment, flags, …)
    if not isinstance(state, tuple) or len(state) < 8 or state[0] not in (3, 4):
        raise PickleProblem("it holds an array whose type has an unknown state")
    item_size, flags = state[5], state[7]
    objects = objects or any(array_layout(part, depth + 1)[1] for part in _parts(state))
    if type(flags) is not int or type(item_size) is not int or bool(flags & 1) != objects:
        raise PickleProblem("it holds an array whose type contradicts itself")
    if plain.kind in "SUV" and item_size >= 0:
        size = item_size
    return size, objects


def _parts(state: tuple[Any, ...]) -> list[Any]:
    """The types that a type is made of: of its subarray and of its fields."""
    subarray, fields = state[2], state[4]
    parts = [subarray] if isinstance(subarray, tuple) else []
    if isinstance(fields, Table):
        parts += fields.entries.values()
    return [part[0] if isinstance(part, tuple) and part else None for part in parts]
