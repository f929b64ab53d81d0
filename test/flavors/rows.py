"""Small tables to learn from, the same each time."""

from __future__ import annotations

import numpy
import pandas
from flavor import ROWS


def numbers() -> tuple[pandas.DataFrame, numpy.ndarray]:
    """Four columns of doubles, and a class 0 or 1 that they tell."""
    values = numpy.random.default_rng(0).normal(size=(ROWS, 4))
    table = pandas.DataFrame(values, columns=list("abcd"))
    return table, (table.a + table.b > 0.3).to_numpy(dtype="int64")


def mixed() -> tuple[pandas.DataFrame, numpy.ndarray]:
    """A double, a whole number, a text and a truth, and a class with a name."""
    table, label = numbers()
    random = numpy.random.default_rng(1)
    people = pandas.DataFrame(
        {
            "amount": table.a + table.b,
            "visits": random.integers(0, 9, ROWS),
            "plan": random.choice(["basic", "pro", "max"], ROWS),
            "active": random.random(ROWS) < 0.5,
        }
    )
    return people, numpy.where(label == 1, "leaves", "stays")


def complaints() -> tuple[pandas.DataFrame, numpy.ndarray]:
    """A text, and what it is about."""
    random = numpy.random.default_rng(2)
    kinds = {
        "billing": "invoice charged twice refund price",
        "delivery": "parcel late courier lost door",
    }
    kind = random.choice(list(kinds), ROWS)
    filler = ["please", "the", "my", "was", "again", "today,", "it's", '"urgent"']
    texts = [" ".join(random.choice([*kinds[each].split(), *filler], 8)) for each in kind]
    return pandas.DataFrame({"text": texts}), kind
