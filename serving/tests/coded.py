"""Labels and answers as measures take them."""

from __future__ import annotations

from typing import Any

import numpy
from tollgate_serving.classes import Classes


def coded(labels: Any, *answers: Any, task: str = "classification", **known: Any) -> tuple:
    """The classes, the labels and each version's answers by code; numbers and no classes of a regression."""
    if task == "regression":
        return None, *(numpy.asarray(one, dtype="float64") for one in (labels, *answers))
    classes = Classes.of(labels, answers[0] if answers else (), **known)
    return classes, *(classes.codes(one) for one in (labels, *answers))
