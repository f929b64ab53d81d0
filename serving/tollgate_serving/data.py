"""Reads pinned evaluation data."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tollgate_serving.digest import sha256_of_file
from tollgate_serving.errors import UserError
from tollgate_serving.fetch import one_line
from tollgate_serving.signature import Signature

_NUMPY = {
    "double": "float64",
    "float": "float32",
    "integer": "int32",
    "long": "int64",
    "boolean": "bool",
}


@dataclass(frozen=True)
class EvaluationData:
    """The rows as the model takes them, and their labels."""

    #: A pandas DataFrame, or a numpy matrix for a model that takes one.
    features: Any
    labels: Any
    rows: int
    #: ``sha256:`` of the file's bytes.
    digest: str

    def json_rows(self, count: int) -> list[list[Any]]:
        """The first rows as a caller would send them: missing values as null, times as text."""
        import pandas

        head = pandas.DataFrame(self.features[:count])
        return [
            [_json_value(value) for value in row] for row in head.astype(object).values.tolist()
        ]


def read(path: Path, label: str, signature: Signature | None) -> EvaluationData:
    """Reads a CSV or Parquet file. Raises UserError naming the file and what is wrong with it."""
    frame = _frame(path)
    if label not in frame.columns:
        columns = ", ".join(map(str, frame.columns))
        raise UserError(
            f"{path} has no column {label} (tollgate:evaluation.label); its columns are {columns}."
        )
    if frame.empty:
        raise UserError(f"{path} has no rows; evaluation needs at least one.")
    empty = int(frame[label].isna().sum())
    if empty:
        raise UserError(
            f"{path} has {empty} rows without a value in the label column {label}; fill or remove them."
        )
    digest = f"sha256:{sha256_of_file(path)}"
    features = frame.drop(columns=[label])
    return EvaluationData(
        _fit(features, path, signature), frame[label].to_numpy(), len(frame), digest
    )


def _frame(path: Path) -> Any:
    import pandas

    readers = {".csv": pandas.read_csv, ".parquet": pandas.read_parquet}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise UserError(
            f"{path} is neither .csv nor .parquet; give tollgate:evaluation.data one of these."
        )
    try:
        return reader(path)
    except FileNotFoundError:
        raise UserError(
            f"{path} doesn't exist; set tollgate:evaluation.data to a CSV or Parquet file."
        ) from None
    except Exception as error:
        raise UserError(f"{path} can't be read as {path.suffix[1:]}: {one_line(error)}.") from error


def _fit(features: Any, path: Path, signature: Signature | None) -> Any:
    """Columns and types as the signature wants them; further columns are left out."""
    if signature is None or signature.kind == "other":
        return features
    if signature.kind == "matrix" or not signature.named:
        if features.shape[1] != signature.width:
            raise UserError(
                f"{path} has {features.shape[1]} columns beside the label, but the model takes {signature.width}."
            )
        return features.to_numpy("float64") if signature.kind == "matrix" else features
    names = [column.name for column in signature.inputs]
    missing = [
        column.name
        for column in signature.inputs
        if column.required and column.name not in features.columns
    ]
    if missing:
        raise UserError(f"{path} lacks the columns {', '.join(missing)} of the model's signature.")
    fitted = features.reindex(columns=names)
    for column in signature.inputs:
        dtype = _NUMPY.get(column.type)
        # A whole-number column read as such may be meant as double: CSV doesn't tell.
        if (
            dtype
            and fitted[column.name].dtype.kind in "iufb"
            and not fitted[column.name].isna().any()
        ):
            converted = fitted[column.name].astype(dtype)
            if (converted == fitted[column.name]).all() or dtype == "float32":
                fitted[column.name] = converted
        elif column.type == "datetime":
            fitted[column.name] = _times(fitted[column.name])
    return fitted


def _times(column: Any) -> Any:
    import pandas

    try:
        return pandas.to_datetime(column).astype("datetime64[ns]")
    except (ValueError, TypeError):
        return column


def _json_value(value: Any) -> Any:
    import pandas

    if value is None or (not isinstance(value, (str, bytes)) and pandas.isna(value)):
        return None
    return value.isoformat() if hasattr(value, "isoformat") else value
