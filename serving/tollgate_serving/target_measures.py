"""What is measured of each label column by itself, from labels and answers alone."""

from __future__ import annotations

from typing import Any

from tollgate_serving.comparison import measure_comparison
from tollgate_serving.measures import measure
from tollgate_serving.progress import progress
from tollgate_serving.slices import measure_slices
from tollgate_serving.spec import Spec
from tollgate_serving.support import DistinctRows
from tollgate_serving.targets import Target
from tollgate_serving.trivial import measure_trivial


def measure_target(
    spec: Spec, target: Target, frame: Any, distinct: DistinctRows
) -> dict[str, Any]:
    """Metrics, the comparisons with a constant and with the deployed version, and slices, as evidence has them.

    ``frame`` are the evaluation rows, ``distinct`` says which of them are the same. Of the comparison with the
    deployed version what says which one is left out; both its parts are null where nothing was compared. Raises
    UserError.
    """
    answers = (target.labels, target.predictions)
    return {
        "metrics": measure(*answers, target.classes),
        "trivial": measure_trivial(*answers, distinct, spec.seed, target.classes),
        "slices": _slices(spec, target, frame, distinct),
        "comparison": _comparison(spec, target, distinct),
    }


def _slices(spec: Spec, target: Target, frame: Any, distinct: DistinctRows) -> list[dict[str, Any]]:
    settings = spec.gate("slices")
    if settings is None:
        return []
    progress(f"measuring {len(settings['slices'])} slices")
    return measure_slices(
        settings, frame, target.labels, target.predictions, target.classes, distinct
    )


def _comparison(spec: Spec, target: Target, distinct: DistinctRows) -> dict[str, Any]:
    if target.deployed is not None:
        progress("comparing with the deployed version")
    return measure_comparison(
        spec.gate("better-than-deployed"),
        target.predictions,
        target.deployed,
        target.problem,
        target.labels,
        target.classes,
        distinct,
        spec.seed,
    )
