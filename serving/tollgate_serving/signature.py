"""The model's signature in plain values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import itemgetter
from pathlib import Path
from typing import Any, Literal

from tollgate_serving.layout import Layout

#: Types of single values in MLflow's columns.
COLUMN_TYPES = ("double", "float", "integer", "long", "boolean", "string", "datetime", "binary")
#: numpy's names of the types whose values are numbers or booleans; values of the others are objects or times. The
#: names of MLflow's columns first, then those that only tensors have.
NUMPY_TYPES = {
    "double": "float64",
    "float": "float32",
    "integer": "int32",
    "long": "int64",
    "boolean": "bool",
    "float16": "float16",
    "int8": "int8",
    "int16": "int16",
    "uint8": "uint8",
    "uint16": "uint16",
    "uint32": "uint32",
    "uint64": "uint64",
}
#: Of what isn't numbers: texts, and Python's own values, such as the rows of a table of texts and numbers.
_TENSOR_KINDS = {"U": "string", "O": "object"}
_TENSOR_TYPES = {numpy_name: name for name, numpy_name in NUMPY_TYPES.items()}


@dataclass(frozen=True)
class Column:
    """One column, or one feature of a matrix."""

    #: As requests and files name it. An unnamed one is called by its position, as text.
    name: str
    #: One of ``COLUMN_TYPES`` or ``NUMPY_TYPES``, ``object`` for single values of any kind in one array, or MLflow's
    #: text for a nested type.
    type: str
    #: Must the column be there? Its values may be missing all the same, as far as its type can say so.
    required: bool
    #: The name as the model has it, where that is no text: pandas may count columns.
    key: Any = None
    #: MLflow's Array, Object, Map or AnyType; None for single values.
    nested: Any = None

    @property
    def label(self) -> Any:
        """Name of the column in the model's table."""
        return self.name if self.key is None else self.key

    def as_json(self) -> dict[str, Any]:
        return {"name": self.name, "type": self.type, "required": self.required}


@dataclass(frozen=True)
class Tensor:
    """One array. ``shape`` begins with -1, for the rows; another -1 is any length."""

    #: Empty for a model that takes one array without a name.
    name: str
    #: As in ``Column``.
    type: str
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Signature:
    """What a model takes and gives.

    ``columns``: a table with typed columns. ``matrix``: one array of rows of single values, ``width`` wide.
    ``tensors``: one array of other dimensions, or several by name. ``other``: what only MLflow itself can check, which
    is types of Python and arrays with a fixed number of rows.
    """

    kind: Literal["columns", "matrix", "tensors", "other"]
    inputs: tuple[Column, ...]
    outputs: tuple[Column, ...]
    named: bool
    #: Number of features in a row; 0 for ``tensors`` and ``other``.
    width: int
    #: MLflow's ParamSchema; None for a model that takes no params.
    params: Any = None
    #: Of ``matrix`` and ``tensors``.
    tensors: tuple[Tensor, ...] = ()
    #: Does it say the types of a Python function's argument, whose values MLflow checks itself?
    hinted: bool = False
    #: MLflow's Schema of the inputs.
    schema: Any = None

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """One entry for each feature of a row, for a matrix as well."""
        if self.kind != "matrix":
            return self.inputs
        return tuple(Column(str(index), self.tensors[0].type, True) for index in range(self.width))

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @cached_property
    def name_set(self) -> frozenset[str]:
        return frozenset(self.names)

    @cached_property
    def take(self) -> Callable[[dict[str, Any]], Sequence[Any]]:
        """The values of an object with all columns, in their order."""
        if self.width == 1:
            return lambda row: (row[self.names[0]],)
        return itemgetter(*self.names)

    @cached_property
    def layout(self) -> Layout:
        """Of a table with all columns."""
        return Layout(self.columns, self.named)

    @cached_property
    def uniform(self) -> str | None:
        """The one type of all numbers of a row, by ``NUMPY_TYPES``; None where there are several, or other values."""
        types = {column.type for column in self.columns} if self.width else set()
        one = types.pop() if len(types) == 1 else None
        return one if one in NUMPY_TYPES and one != "boolean" else None

    def text_output(self, column: str | int | None = None) -> bool:
        """Are the predictions texts, as far as the signature tells?

        ``column`` names the output that holds them, or is its place; None where there is only one.
        """
        found = self.outputs
        if column is not None:
            named = [output for output in found if output.name == str(column)]
            found = named or [output for place, output in enumerate(found) if place == column]
        return len(found) == 1 and found[0].type in ("string", "str", "object")

    def as_json(self) -> dict[str, Any]:
        return {
            "inputs": [column.as_json() for column in self.inputs],
            "outputs": [column.as_json() for column in self.outputs],
        }


def read_signature(mlflow_signature: Any) -> Signature | None:
    """From MLflow's ModelSignature; None when the model was logged without inputs."""
    if mlflow_signature is None or mlflow_signature.inputs is None:
        return None
    schema = mlflow_signature.inputs
    inputs = _columns(schema)
    kind: Literal["columns", "matrix", "tensors", "other"] = "other"
    width, tensors = 0, ()
    hinted = bool(mlflow_signature._is_signature_from_type_hint)
    if hinted:
        pass
    elif schema.is_tensor_spec():
        tensors = _tensors(schema)
        if tensors and len(tensors) == 1 and not tensors[0].name and _is_matrix(tensors[0].shape):
            kind, width = "matrix", tensors[0].shape[1]
        elif tensors:
            kind = "tensors"
    elif len({column.name for column in inputs}) == len(inputs):
        kind, width = "columns", len(inputs)
    return Signature(
        kind=kind,
        inputs=inputs,
        outputs=_columns(mlflow_signature.outputs) if mlflow_signature.outputs is not None else (),
        named=schema.has_input_names(),
        width=width,
        params=mlflow_signature.params,
        tensors=tensors,
        hinted=hinted,
        schema=schema,
    )


def signature_of_folder(folder: Path) -> Signature | None:
    """The signature in a version's MLmodel, which is read as text: nothing of the model is loaded."""
    from mlflow.models import Model

    return read_signature(Model.load(str(folder)).signature)


def _columns(schema: Any) -> tuple[Column, ...]:
    return tuple(
        Column(
            name=str(index if spec.name in (None, "") else spec.name),
            type=_type_name(spec),
            required=bool(spec.required),
            key=None if spec.name is None or isinstance(spec.name, str) else spec.name,
            nested=None if hasattr(spec.type, "name") else spec.type,
        )
        for index, spec in enumerate(schema.inputs)
    )


def _tensors(schema: Any) -> tuple[Tensor, ...]:
    """None of them when one is of a kind that can't be made of rows."""
    tensors = []
    for spec in schema.inputs:
        type_name = _TENSOR_KINDS.get(spec.type.kind) or _TENSOR_TYPES.get(spec.type.name)
        if type_name is None or not spec.shape or spec.shape[0] != -1 or 0 in spec.shape:
            return ()
        tensors.append(Tensor(spec.name or "", type_name, tuple(spec.shape)))
    return tuple(tensors)


def _type_name(spec: Any) -> str:
    shape = getattr(spec, "shape", None)
    if shape is None:
        return getattr(spec.type, "name", None) or str(spec.type)
    return spec.type.name if len(shape) == 1 else f"{spec.type.name}{list(shape)}"


def _is_matrix(shape: tuple[int, ...]) -> bool:
    return len(shape) == 2 and shape[1] > 0
