"""One way to log a model with MLflow, and what to do with it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

import numpy
import pandas

#: Rows of each evaluation file.
ROWS = 200


@dataclass(frozen=True)
class Flavor:
    """A row of the matrix."""

    #: As the page names it.
    name: str
    #: How it is logged, as the page shows it.
    how: str
    #: Trains and logs; gets ``name`` and ``registered_model_name``, which ``log_model`` of each flavor has.
    log: Callable[..., Any]
    #: Rows as the model itself takes them: a table, an array, or arrays by name.
    features: Any
    #: What is to be predicted for each of them: the label column ``label``, or a table of several.
    labels: Any
    task: str = "classification"
    #: Further settings of ``tollgate:evaluation``.
    evaluation: Mapping[str, Any] = field(default_factory=dict)
    #: Params of the model's signature, other than their defaults; None: it takes none.
    params: Mapping[str, Any] | None = None
    #: Does safe-code want a reviewed line for it? Its own remedy prints that.
    reviewed: bool = False
    #: Words of the sentence that refuses it before release; None: it is released.
    refused: str | None = None
    #: Why it isn't run here; None: it is.
    skipped: str | None = None

    @property
    def slug(self) -> str:
        """Name of its stack and its model."""
        return "-".join(re.findall("[a-z0-9]+", self.name.lower()))

    def table(self) -> pandas.DataFrame:
        """The evaluation file's columns."""
        labels = self.labels
        if not isinstance(labels, pandas.DataFrame):
            labels = pandas.DataFrame({"label": numpy.asarray(labels)})
        columns = table_of(self.features)
        return pandas.concat(
            [columns.reset_index(drop=True), labels.reset_index(drop=True)], axis=1
        )

    def first(self, rows: int) -> Any:
        """The first rows, as the model itself takes them."""
        if isinstance(self.features, dict):
            return {name: array[:rows] for name, array in self.features.items()}
        return self.features[:rows]


def pinned(*packages: str) -> list[str]:
    """Requirements of the versions that are installed here."""
    return [f"{package}=={version(package)}" for package in packages]


def table_of(features: Any) -> pandas.DataFrame:
    """Rows as a table: an array of rows by place, and one of other dimensions as lists."""
    if isinstance(features, pandas.DataFrame):
        return features
    if isinstance(features, dict):
        return pandas.DataFrame({name: list_of(array) for name, array in features.items()})
    if features.ndim == 2:
        return pandas.DataFrame(
            features, columns=[str(place) for place in range(features.shape[1])]
        )
    return pandas.DataFrame({"0": list_of(features)})


def list_of(array: numpy.ndarray) -> list[Any]:
    """The rows of an array: values, or lists of them."""
    return array.tolist()
