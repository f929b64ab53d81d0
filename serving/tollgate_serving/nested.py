"""Lists, objects and maps of MLflow's schema: values in their types, all the way down."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any


def converter(kind: Any) -> Callable[[Any], Any]:
    """What turns a value of JSON, or of an Arrow column, into what the model gets for MLflow's type ``kind``.

    It raises ValueError for what doesn't fit. Lists stay lists, objects and maps are dictionaries, single values are
    Python's own, and what MLflow leaves open stays as it came.
    """
    from mlflow.types.schema import AnyType, Array, Map, Object

    if isinstance(kind, Array):
        return _list_of(converter(kind.dtype), _may_lack(kind.dtype))
    if isinstance(kind, Map):
        return _map_of(converter(kind.value_type))
    if isinstance(kind, Object):
        return _object_of(kind)
    if isinstance(kind, AnyType):
        return lambda value: value
    return _single(kind)


def _may_lack(kind: Any) -> bool:
    """Are there lists of such in which values are missing? Of numbers with a fraction, where NaN says so."""
    from mlflow.types.schema import AnyType, DataType

    return isinstance(kind, AnyType) or kind in (DataType.double, DataType.float)


def _single(kind: Any) -> Callable[[Any], Any]:
    from tollgate_serving.cells import Unfit, array_of
    from tollgate_serving.signature import Column

    column = Column("", kind.name, True)

    def convert(value: Any) -> Any:
        if value is None and kind.name == "boolean":
            raise ValueError
        if isinstance(value, bytes) and kind.name == "binary":
            return value
        if isinstance(value, date):
            # As a table has it; a request writes it as text.
            value = value.isoformat()
        try:
            found = array_of([value], [column])
        except Unfit:
            raise ValueError from None
        # Nanoseconds would come out as a number.
        return found.astype("datetime64[us]" if found.dtype.kind == "M" else found.dtype).tolist()[
            0
        ]

    return convert


def _list_of(convert: Callable[[Any], Any], lacking: bool) -> Callable[[Any], Any]:
    def convert_list(value: Any) -> Any:
        if not isinstance(value, list) or (not lacking and None in value):
            raise ValueError
        return [convert(item) for item in value]

    return convert_list


def _map_of(convert: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def convert_map(value: Any) -> Any:
        if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
            raise ValueError
        # A table of Arrow gives each row the keys of all rows; without a value they weren't there.
        return {key: convert(item) for key, item in value.items() if item is not None}

    return convert_map


def _object_of(kind: Any) -> Callable[[Any], Any]:
    converters = {each.name: converter(each.dtype) for each in kind.properties}
    required = {each.name for each in kind.properties if each.required}

    def convert_object(value: Any) -> Any:
        if not isinstance(value, dict) or not converters.keys() >= value.keys():
            raise ValueError
        if not required <= value.keys():
            raise ValueError
        return {
            name: None if item is None and name not in required else converters[name](item)
            for name, item in value.items()
        }

    return convert_object
