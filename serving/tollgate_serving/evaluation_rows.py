"""The rows and labels of an evaluation file, as a model with its signature gets and gives them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy

from tollgate_serving import data
from tollgate_serving.conversion import from_table
from tollgate_serving.csv_lines import csv_header
from tollgate_serving.data import TableFile
from tollgate_serving.errors import UserError
from tollgate_serving.fetch import one_line
from tollgate_serving.request_error import RequestError
from tollgate_serving.signature import Signature
from tollgate_serving.spec import Spec
from tollgate_serving.table import NamedTensors, Rows, model_input
from tollgate_serving.table_bodies import arrow_table, columns_by_name, csv_options, typed_csv


def evaluation_labels(table: TableFile, label: str) -> Any:
    """The label column as a numpy array. Raises UserError when there is none, or when some are missing."""
    frame = table.frame
    if label not in frame.columns:
        columns = ", ".join(map(str, frame.columns))
        raise UserError(
            f"{table.path} has no column {label} (tollgate:evaluation.label); its columns are {columns}."
        )
    missing = frame[label].isna()
    if table.csv:
        # Where it is kept as it is written.
        missing |= frame[label] == ""
    empty = int(missing.sum())
    if empty:
        raise UserError(
            f"{table.path} has {empty} row{'s' * (empty > 1)} without a value in the label column {label}; fill or "
            f"remove {'them' if empty > 1 else 'it'}."
        )
    return frame[label].to_numpy()


def features_for(signature: Signature | None, table: TableFile, label: str | Sequence[str]) -> Any:
    """The rows as a model with this signature gets them, without ``label``, a column or several.

    A pandas DataFrame, or a numpy matrix for a model that takes one; for a model of other arrays a DataFrame with their
    parts as lists. Further columns are left out. Raises UserError when they don't fit: a row that no caller could send
    isn't measured.
    """
    features = table.frame.drop(columns=label)
    if signature is None or not signature.named:
        features = features.drop(columns=[name for name in table.index if name in features])
    if signature is None or signature.kind == "other":
        return features
    try:
        if table.csv:
            features = typed_csv(features, columns_by_name(list(features.columns), signature))
        features = _taken(features, signature, table)
        rows = from_table(arrow_table(features), signature, table.path)
    except (RequestError, ValueError) as error:
        raise UserError(
            f"{table.path} has rows that no caller could send to the model: {_in_file(error, table)}; mend the data, "
            "or log the model with another signature."
        ) from error
    return (
        _as_lists(rows, signature) if signature.kind == "tensors" else model_input(rows, signature)
    )


def rows_at(table: Any, places: Any) -> Any:
    """Rows of a DataFrame or an array, by their places or a slice of them."""
    return table[places] if isinstance(table, numpy.ndarray) else table.iloc[places]


def _in_file(error: Exception, table: TableFile) -> str:
    """What is wrong, with the row's number as in the file, from 1: a caller's rows count from 0."""
    said = one_line(error)
    row = getattr(error, "row", None)
    if row is None:
        return said
    place = row if table.places is None else int(table.places[row])
    return said.replace(
        f"Row {row}", f"row {place + 1} after the header" if table.csv else f"row {place + 1}", 1
    )


def _taken(features: Any, signature: Signature, table: TableFile) -> Any:
    """The columns that the model takes, by name where the signature has names."""
    if not signature.named:
        width = 1 if signature.kind == "tensors" else signature.width
        if features.shape[1] != width:
            raise UserError(
                f"{table.path} has {features.shape[1]} columns beside the label, but the model takes "
                f"{width}; give it the columns the model was trained on."
            )
        return features
    names = {str(name): name for name in features.columns}
    missing = [
        column.name for column in signature.columns if column.required and column.name not in names
    ]
    if missing:
        raise UserError(
            f"{table.path} lacks the columns {', '.join(missing)} of the model's signature; add them."
        )
    return features[[names[name] for name in signature.names if name in names]]


def _as_lists(rows: Rows, signature: Signature) -> Any:
    import pandas

    arrays = rows.arrays if isinstance(rows, NamedTensors) else {"0": rows}
    return pandas.DataFrame(
        {name: pandas.Series(list(array.tolist())) for name, array in arrays.items()}
    )


def words_for_nothing(path: Path, table: TableFile, signature: Signature | None) -> list[str]:
    """A sentence for each column of texts of which a CSV has words that are read as nothing, such as ``NA``.

    What is measured is what callers of a CSV get then, and not what callers get who send that text in JSON.
    """
    import pandas

    columns = signature.columns if signature is not None and signature.named else ()
    names = [
        column.name
        for column in columns
        if column.type == "string"
        and column.name in table.frame
        and table.frame[column.name].isna().any()
    ]
    if not table.csv or not names:
        return []
    found: dict[str, Counter[str]] = {name: Counter() for name in names}
    size = max(1, data.CELLS // len(names))
    options: dict[str, Any] = {"usecols": names, "dtype": "str", "chunksize": size}
    with (
        pandas.read_csv(path, **options) as read,
        pandas.read_csv(path, keep_default_na=False, **options) as written,
    ):
        for as_read, as_written in zip(read, written):
            for name in names:
                found[name].update(as_written[name][as_read[name].isna()])
    sentences = []
    for name, words in found.items():
        # Nothing at all is what it is.
        words.pop("", None)
        if words:
            said = " or ".join(word for word, _ in words.most_common(3))
            cells = "1 cell says" if words.total() == 1 else f"{words.total()} cells say"
            sentences.append(
                f"{table.path}, column {name}: {cells} {said}, which is nothing in a CSV, and is "
                "measured as a missing value; where it is a text, give tollgate:evaluation.data a Parquet file."
            )
    return sentences


def text_columns(signature: Signature | None, path: Path, labels: Sequence[str]) -> list[str]:
    """Names of a file's columns that a model takes as text, or as what is written as text: digits in a CSV don't tell.

    ``labels`` are no columns of the model's, which goes by the others' places where its signature has no names.
    """
    if signature is None:
        return []
    by_place = not signature.named and path.suffix.lower() == ".csv"
    header = [name for name in csv_header(path) if name not in labels] if by_place else []
    return list(csv_options(columns_by_name(header, signature))["dtype"])


def class_columns(signature: Signature | None, spec: Spec) -> list[str]:
    """The label of a classification, where what is measured of the answers is text.

    Its classes may be "01" or "None", which a CSV has no word for. Where the answers turn out to be numbers after all
    (MLflow's ``object`` leaves that open), ``classes`` finds the numbers that the texts are.
    """
    texts = signature is not None and signature.text_output(spec.answer.column)
    return spec.labels if texts and spec.task == "classification" else []
