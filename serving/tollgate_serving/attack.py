"""A bounded attack on a model: every number may move by one step, in the direction that harms most.

The model is only asked, never looked into, so this works for trees as for linear models. It is the coordinate
search of black-box attacks (Chen et al., ZOO, AISec 2017) with full steps: columns one after the other, each
tried both ways on top of what harmed before.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy

from tollgate_serving.disturbances import like, steps
from tollgate_serving.progress import still

#: Single predictions an attack may ask for; with more columns fewer rows are attacked.
PREDICTIONS = 200_000

#: Harm to each row of a table, larger is worse for the model. The table may be the attacked one several times over.
Harm = Callable[[Any], numpy.ndarray]


def attackable_rows(columns: int, most: int) -> int:
    """Rows that can be attacked within the budget: at least one, at most ``most``."""
    return max(1, min(most, PREDICTIONS // (2 * max(1, columns))))


def attacked(
    frame: Any, strength: float, harm: Harm, graded: bool, draw: numpy.random.Generator
) -> Any | None:
    """The table after the worst steps found, of ``strength`` standard deviations; None when nothing can move.

    ``graded``: harm grows little by little, as an error or a probability does. When it only tells right
    from wrong, moving one column seldom shows a way; all of them are then moved at once, at random.
    """
    sizes = steps(frame, strength)
    if not sizes:
        return None
    import pandas

    worst, most = frame.copy(), _told(harm, frame)
    for place, name in enumerate(sizes):
        still(f"attacking: {place} of {len(sizes)} columns")
        moves: list[dict[str, Any]] = (
            [{name: -1}, {name: 1}]
            if graded
            else [{each: draw.choice((-1, 1), len(frame)) for each in sizes} for _ in range(2)]
        )
        # Both ways in one request: neither depends on the other, since each sets every column it moves.
        pair = [_moved(worst, frame, move, sizes) for move in moves]
        told = numpy.split(_told(harm, pandas.concat(pair, ignore_index=True)), 2)
        for tried, harmed, move in zip(pair, told, moves):
            better = harmed > most
            most = numpy.where(better, harmed, most)
            for each in move:
                worst[each] = tried[each].where(better, worst[each])
    return worst


def _moved(worst: Any, frame: Any, move: dict[str, Any], sizes: dict[str, float]) -> Any:
    """``worst`` with columns one step from where ``frame`` has them."""
    tried = worst.copy()
    for name, direction in move.items():
        values = frame[name].to_numpy("float64", na_value=numpy.nan)
        tried[name] = like(values + direction * sizes[name], frame[name])
    return tried


def _told(harm: Harm, frame: Any) -> numpy.ndarray:
    """A model that gives no number any more is harmed most."""
    return numpy.nan_to_num(harm(frame), nan=numpy.inf, posinf=numpy.inf)
