"""How differently a classifier treats the groups of a sensitive column, by Fairlearn."""

from __future__ import annotations

from typing import Any

import numpy

from tollgate_serving.classes import Classes, listed
from tollgate_serving.errors import UserError
from tollgate_serving.support import DistinctRows

#: What rows without a value in the column are called.
MISSING = "(missing)"
#: More groups than these are numbers or names of people, not groups of them.
MOST_GROUPS = 100


def measure_fairness(
    settings: dict[str, Any],
    frame: Any,
    labels: Any,
    predictions: Any,
    classes: Classes,
    distinct: DistinctRows,
) -> list[dict[str, Any]]:
    """Group metrics for each column of the fairness gate's settings, in their order.

    Labels and predictions are codes of ``classes``; those of the positive class are selected. Rows without a value
    are a group of their own. A group without positive (negative) labels counts as a true (false) positive rate of 0,
    as in Fairlearn. Raises UserError for a column that isn't there or has too many values, and where no class is
    the positive one.
    """
    labels, predictions = numpy.asarray(labels), numpy.asarray(predictions)
    positive = classes.positive
    if len(classes.names) < 2:
        raise UserError(
            f"tollgate:gates.fairness needs two classes, but there is {listed(classes.names)} alone; "
            "evaluate on rows of every class."
        )
    if positive is None:
        raise UserError(
            f"tollgate:gates.fairness is about one class, but there are {len(classes.names)} "
            f"({listed(classes.names)}); name it in tollgate:evaluation.positive, or disable the gate for this model."
        )
    return [
        _column(
            column, _groups(frame, column), labels == positive, predictions == positive, distinct
        )
        for column in settings["columns"]
    ]


def _column(
    column: str, groups: Any, wanted: Any, given: Any, distinct: DistinctRows
) -> dict[str, Any]:
    import pandas
    from fairlearn.metrics import (
        MetricFrame,
        false_positive_rate,
        selection_rate,
        true_positive_rate,
    )

    # Fairlearn takes a row at a time, and slowly: rows that are alike are one row with their number as weight.
    rows = pandas.DataFrame({"group": groups, "wanted": wanted, "given": given})
    alike = rows.value_counts(sort=False).reset_index(name="rows")
    metrics = {
        "selected": selection_rate,
        "found": true_positive_rate,
        "mistaken": false_positive_rate,
    }
    measured = MetricFrame(
        metrics=metrics,
        y_true=alike["wanted"],
        y_pred=alike["given"],
        sensitive_features=alike["group"],
        sample_params={name: {"sample_weight": alike["rows"]} for name in metrics},
    )
    shares, difference = measured.by_group["selected"].sort_index(), measured.difference()
    counts = alike.groupby("group")["rows"].sum()
    return {
        "column": column,
        "demographicParityDifference": _share(difference["selected"]),
        "equalizedOddsDifference": _share(max(difference["found"], difference["mistaken"])),
        # 0 of 0 is no disparity: nobody is selected.
        "disparateImpact": _share(measured.ratio()["selected"]) if shares.any() else 1.0,
        "groups": [
            {
                "value": str(value),
                "rows": int(counts[value]),
                "distinctRows": int(distinct.within(groups == value).sum()),
                "selectionRate": _share(share),
            }
            for value, share in shares.items()
        ],
    }


def _groups(frame: Any, column: str) -> Any:
    if column not in frame.columns:
        columns = ", ".join(map(str, frame.columns))
        raise UserError(
            f"tollgate:gates.fairness.columns names {column}, which the evaluation data lacks; "
            f"its columns are {columns}."
        )
    values = frame[column]
    if values.dtype.kind == "f" and (values.dropna() % 1 == 0).all():
        # Whole numbers became fractions only because some are missing.
        values = values.astype("Int64")
    groups = values.astype(object).where(values.notna(), MISSING).map(str)
    if groups.nunique() > MOST_GROUPS:
        raise UserError(
            f"tollgate:gates.fairness.columns names {column}, which has {groups.nunique()} values, more than "
            f"{MOST_GROUPS}; name a column of groups, such as age bands."
        )
    return groups


def _share(value: Any) -> float:
    """Sums of fractions may leave 0 to 1 by the last digit."""
    return min(1.0, max(0.0, float(value)))
