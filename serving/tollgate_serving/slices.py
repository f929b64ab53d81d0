"""Metrics on named parts of the evaluation data."""

from __future__ import annotations

import math
from typing import Any

import numpy

from tollgate_serving.classes import Classes
from tollgate_serving.errors import UserError
from tollgate_serving.fetch import one_line
from tollgate_serving.measures import Measure
from tollgate_serving.support import DistinctRows, Support


def measure_slices(
    settings: dict[str, Any],
    frame: Any,
    labels: Any,
    predictions: Any,
    classes: Classes | None,
    distinct: DistinctRows,
) -> list[dict[str, Any]]:
    """Rows, support and metrics of each slice of the slices gate's settings, by name.

    Labels and predictions as ``measures.Measure`` takes them. A slice is a pandas query over the columns of the
    evaluation data, also those the model doesn't take. A metric that isn't defined on a slice, such as r2 of one row,
    is left out. Raises UserError naming a slice whose condition can't be used.
    """
    measure = Measure(labels, predictions, classes)
    support = Support(labels, predictions, distinct, classes)
    found = []
    for name, slice_settings in sorted(settings["slices"].items()):
        where = slice_settings["where"]
        chosen = _rows(frame, name, where)
        rows = int(chosen.sum())
        metrics = measure.of(chosen) if rows else {}
        found.append(
            {
                "name": name,
                "where": where,
                "rows": rows,
                "support": support.of(chosen),
                "metrics": {name: value for name, value in metrics.items() if math.isfinite(value)},
            }
        )
    return found


def _rows(frame: Any, name: str, where: str) -> numpy.ndarray:
    """A mask of the rows for which the condition is true; a missing value makes no condition true."""
    import pandas

    setting = f"tollgate:gates.slices.slices.{name}.where"
    try:
        # No names but the columns: a condition reads the data and nothing else.
        chosen = frame.eval(where, engine="python", local_dict={}, global_dict={})
    except Exception as error:
        raise UserError(
            f"{setting} can't be used: {where} gives {one_line(error)}; write a condition over the columns "
            f"{', '.join(map(str, frame.columns))}."
        ) from error
    if not isinstance(chosen, pandas.Series) or not pandas.api.types.is_bool_dtype(chosen):
        raise UserError(
            f'{setting} is no condition: {where} is not true or false; write one such as region == "west".'
        )
    return chosen.to_numpy(dtype=bool, na_value=False)
