"""When an evaluation takes two answers to a row for the same."""

import numpy
import pytest
from tollgate_serving.same_answer import SameAnswer

#: Chances of two classes in 32 bits, as a network gives them.
CHANCES = [[0.999, 0.001], [0.4, 0.6], [0.3, 0.7], [0.1, 0.9]]


@pytest.mark.parametrize("boxed", [list, lambda pair: {"by": dict(zip("ab", pair))}])
def test_what_is_left_of_a_large_number_may_differ_as_much_as_that(boxed):
    same = SameAnswer([boxed(pair) for pair in CHANCES])
    step = float(numpy.spacing(numpy.float32(0.999)))
    assert same(boxed([0.999, 0.001]), boxed([0.999 + step, 0.001 - step]))
    assert not same(boxed([0.999, 0.001]), boxed([0.999, 0.001002]))


@pytest.mark.parametrize(
    ("wanted", "got"),
    [
        ("a", "b"),
        (True, 1),
        (3_000_000, 3_000_001),
        ([1.0], [1.0, 2.0]),
        ({"a": 1.0}, {"b": 1.0}),
        (1.0, None),
        (1.0, "1.0"),
        # Beyond 2^53 a double may stand for another whole number.
        (2**53 + 1, 2.0**53),
        (2.0**60, 2**60 + 1),
    ],
)
def test_other_answers_are_others(wanted, got):
    assert not SameAnswer([wanted])(wanted, got)
    assert SameAnswer([wanted])(wanted, wanted)
