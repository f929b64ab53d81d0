"""The model's signature in plain values, and an example request made from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

#: Column types whose values are numbers.
NUMBER_TYPES = ("double", "float", "integer", "long")
_PLAUSIBLE: dict[str, Any] = {
    "double": 0.5,
    "float": 0.5,
    "integer": 1,
    "long": 1,
    "boolean": True,
    "string": "a",
    "datetime": "2024-01-01T00:00:00",
    "binary": "YQ==",
}


@dataclass(frozen=True)
class Column:
    """One column. An unnamed one is called by its position, as text."""

    name: str
    type: str
    required: bool

    def as_json(self) -> dict[str, Any]:
        return {"name": self.name, "type": self.type, "required": self.required}


@dataclass(frozen=True)
class Signature:
    """What a model takes and gives.

    ``columns``: a table with typed columns. ``matrix``: one array of rows of numbers, ``width`` wide.
    ``other``: nested objects or higher arrays, which only MLflow itself can check.
    """

    kind: Literal["columns", "matrix", "other"]
    inputs: tuple[Column, ...]
    outputs: tuple[Column, ...]
    named: bool
    #: Number of features in a row; 0 for ``other``.
    width: int
    takes_params: bool

    @property
    def columns(self) -> tuple[Column, ...]:
        """One entry for each feature of a row, for a matrix as well."""
        if self.kind != "matrix":
            return self.inputs
        return tuple(Column(str(index), "double", True) for index in range(self.width))

    @property
    def all_double(self) -> bool:
        return self.kind != "other" and all(column.type == "double" for column in self.columns)

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
    kind: Literal["columns", "matrix", "other"] = "other"
    width = 0
    if schema.is_tensor_spec():
        spec = schema.inputs[0]
        if (
            len(schema.inputs) == 1
            and not spec.name
            and spec.type.name == "float64"
            and _is_matrix(spec.shape)
        ):
            kind, width = "matrix", spec.shape[1]
    elif all(column.type in _PLAUSIBLE for column in inputs):
        kind, width = "columns", len(inputs)
    return Signature(
        kind=kind,
        inputs=inputs,
        outputs=_columns(mlflow_signature.outputs) if mlflow_signature.outputs is not None else (),
        named=schema.has_input_names(),
        width=width,
        takes_params=mlflow_signature.params is not None,
    )


def sample_rows(signature: Signature | None, example: Any) -> list[list[Any]] | None:
    """A valid ``features`` value: the model's input example if it fits, plausible values otherwise."""
    if signature is None or signature.kind == "other":
        return None
    return _example_rows(signature, example) or [
        [_PLAUSIBLE[column.type] for column in signature.columns]
    ]


def _example_rows(signature: Signature, example: Any) -> list[list[Any]] | None:
    import numpy
    import pandas

    if isinstance(example, pandas.DataFrame):
        if signature.named:
            if not {column.name for column in signature.inputs} <= set(example.columns):
                return None
            example = example[[column.name for column in signature.inputs]]
        rows = example.head(1).astype(object).values.tolist()
    elif isinstance(example, numpy.ndarray) and example.ndim == 2:
        rows = example[:1].tolist()
    else:
        return None
    fits = rows and len(rows[0]) == signature.width
    # What JSON can't carry, such as a missing value or bytes, doesn't make a readable sample.
    plain = fits and all(
        isinstance(value, (bool, int, str)) or (isinstance(value, float) and numpy.isfinite(value))
        for value in rows[0]
    )
    return rows if plain else None


def _columns(schema: Any) -> tuple[Column, ...]:
    return tuple(
        Column(
            name=str(index if spec.name in (None, "") else spec.name),
            type=_type_name(spec),
            required=bool(spec.required),
        )
        for index, spec in enumerate(schema.inputs)
    )


def _type_name(spec: Any) -> str:
    shape = getattr(spec, "shape", None)
    if shape is None:
        return getattr(spec.type, "name", None) or str(spec.type)
    return spec.type.name if len(shape) == 1 else f"{spec.type.name}{list(shape)}"


def _is_matrix(shape: tuple[int, ...]) -> bool:
    return len(shape) == 2 and shape[0] == -1 and shape[1] > 0
