"""What of an answer is measured: tables, dicts, probabilities and several numbers."""

import numpy
import pandas
import pytest
from tollgate_serving.answer_table import Targets
from tollgate_serving.classes import Classes, name_of
from tollgate_serving.errors import UserError
from tollgate_serving.reading import NoNumber, Reading, as_numbers, threshold_pair
from tollgate_serving.spec import AnswerSettings

PAIR = ("fraud", "legit")
CHANCES = numpy.array([[0.9, 0.1], [0.2, 0.8]])
TABLE = pandas.DataFrame({"class": ["fraud", "legit"], "score": [0.9, 0.2]})


def read(answers, classes=None, numbers=False, pair=PAIR, **settings):
    reading = Reading(AnswerSettings(**settings), numbers, pair)
    return reading.predictions(answers, classes).tolist()


@pytest.mark.parametrize(
    ("answers", "settings", "classes"),
    [
        (numpy.array(["fraud", "legit"]), {}, None),
        (numpy.array([["fraud"], ["legit"]]), {}, None),
        (TABLE[["class"]], {}, None),
        (TABLE, {"column": "class"}, None),
        (TABLE, {"column": 0}, None),
        (TABLE.to_dict("records"), {"column": "class"}, None),
        (TABLE, {"column": "score", "threshold": 0.5}, None),
        (TABLE, {"column": 1, "threshold": 0.9}, None),
        (numpy.array([0.9, 0.2]), {"threshold": 0.5}, None),
        (numpy.array([1, 0]), {"threshold": 0.5}, None),
        (numpy.array([[0.9], [0.2]], dtype="float32"), {"threshold": 0.5}, None),
        # A model that answers classes where a threshold is set.
        (numpy.array(["fraud", "legit"]), {"threshold": 0.5}, None),
        (CHANCES, {"threshold": 0.5}, ["fraud", "legit"]),
        (CHANCES[:, ::-1], {"threshold": 0.5}, ["legit", "fraud"]),
        (CHANCES, {"column": 0, "threshold": 0.5}, None),
        (CHANCES, {"argmax": True}, ["fraud", "legit"]),
        # pandas counts columns that nobody named.
        (pandas.DataFrame(CHANCES), {"argmax": True}, ["fraud", "legit"]),
        (pandas.DataFrame(CHANCES), {"threshold": 0.5}, ["fraud", "legit"]),
        # A text beside a number makes it no text.
        ([["yes", 0.9], ["no", 0.2]], {"column": 1, "threshold": 0.5}, None),
        ([["fraud", 0.9], ["legit", 0.2]], {"column": 0}, None),
        (CHANCES, {"argmax": ["fraud", "legit"]}, None),
        (CHANCES.tolist(), {"argmax": ["fraud", "legit"]}, None),
        ([list(row) for row in CHANCES], {"argmax": ["fraud", "legit"]}, ["no", "yes"]),
        (pandas.DataFrame(CHANCES, columns=["fraud", "legit"]), {"argmax": True}, None),
        ([{"fraud": 0.9, "legit": 0.1}, {"fraud": 0.2, "legit": 0.8}], {"argmax": True}, None),
    ],
)
def test_reads_a_class(answers, settings, classes):
    if isinstance(answers, list):
        answers = numpy.array([None, *answers], dtype=object)[1:]
    assert read(answers, classes, **settings) == ["fraud", "legit"]


def argmax(answers, classes, labels):
    reading = Reading(AnswerSettings(argmax=True), False, labelled=frozenset(labels))
    return list(map(name_of, reading.predictions(answers, classes)))


def test_columns_that_pandas_counted_are_the_models_classes():
    counted = pandas.DataFrame(CHANCES)
    assert argmax(counted, [1, 2], ["1", "2"]) == argmax(CHANCES, [1, 2], ["1", "2"]) == ["1", "2"]
    # As text, as they come from a scorer.
    assert argmax(counted.set_axis(["0", "1"], axis=1), [1, 2], ["1"]) == ["1", "2"]
    # Nobody says what the classes are: those of the labels, where the numbers are them.
    assert argmax(counted, None, ["0", "1"]) == ["0", "1"]
    with pytest.raises(UserError, match="2 values for each row and no classes are known; list"):
        argmax(counted, None, ["1", "2"])


def test_reads_a_number():
    assert read(TABLE, numbers=True, column="score") == [0.9, 0.2]
    assert read(numpy.array([1, 2]), numbers=True) == [1.0, 2.0]
    assert read(numpy.array(["1.5", "2"]), numbers=True) == [1.5, 2.0]


@pytest.mark.parametrize(
    "answers",
    [
        numpy.array([[1.0, 10.0], [2.0, 20.0]]),
        pandas.DataFrame({"price": [1.0, 2.0], "days": [10.0, 20.0]}),
        pandas.DataFrame({"days": [10.0, 20.0], "price": [1.0, 2.0], "note": ["a", "b"]}),
        pandas.DataFrame({0: [1.0, 2.0], 1: [10.0, 20.0]}),
    ],
)
def test_reads_each_of_several_numbers_by_name_or_by_place(answers):
    for place, wanted in enumerate([[1.0, 2.0], [10.0, 20.0]]):
        reading = Reading(AnswerSettings(), True, None, Targets(("price", "days"), place))
        assert reading.predictions(answers, None).tolist() == wanted


@pytest.mark.parametrize(
    "answers",
    [
        numpy.array([[10.0, 1.0], [20.0, 2.0]]),
        pandas.DataFrame({0: [10.0, 20.0], 1: [1.0, 2.0]}),
        pandas.DataFrame({"price": [1.0, 2.0], "days": [10.0, 20.0]}),
    ],
)
def test_the_signature_says_what_columns_without_names_are(answers):
    outputs = ("days", "price")
    for place, wanted in enumerate([[1.0, 2.0], [10.0, 20.0]]):
        reading = Reading(AnswerSettings(), True, None, Targets(("price", "days"), place))
        assert reading.predictions(answers, None, outputs).tolist() == wanted
    one = Reading(AnswerSettings(column="price"), True)
    assert one.predictions(answers, None, outputs).tolist() == [1.0, 2.0]
    other = Reading(AnswerSettings(), True, None, Targets(("price", "size"), 0))
    with pytest.raises(UserError, match="label names price, size; log it"):
        other.predictions(answers, None, outputs)


@pytest.mark.parametrize("text", ["2_008", "high", "1,5", "", "0x10", "1e", "\u0661"])
def test_refuses_a_text_that_a_csv_has_for_no_number(text):
    with pytest.raises(NoNumber) as refused:
        as_numbers(numpy.array([" 1.5", ".5e3", text], dtype=object))
    assert (refused.value.place, refused.value.shown) == (2, text)


def test_a_time_is_no_number():
    with pytest.raises(NoNumber):
        as_numbers(numpy.array(["2024-01-31"], dtype="datetime64[ns]"))


@pytest.mark.parametrize(
    "answers",
    [
        numpy.ones((2, 3)),
        pandas.DataFrame({"price": [1.0, 2.0], "time": [10.0, 20.0]}),
    ],
)
def test_refuses_several_numbers_that_are_not_those_wanted(answers):
    reading = Reading(AnswerSettings(), True, None, Targets(("price", "days"), 0))
    with pytest.raises(
        UserError, match=r"where tollgate:evaluation\.label names price, days; log it"
    ):
        reading.predictions(answers, None)


@pytest.mark.parametrize(
    ("answers", "settings", "sentence"),
    [
        (
            CHANCES,
            {},
            "the model answers 2 values for each row, and nothing says which one is measured; name one in",
        ),
        (
            TABLE,
            {},
            "the model answers 2 values for each row (class, score), and nothing says which",
        ),
        (
            TABLE,
            {"column": "label"},
            "answer.column is label, which the model doesn't answer; its columns are class, s",
        ),
        (
            TABLE,
            {"column": 2},
            "answer.column is 2, which the model doesn't answer; its columns are class, score.",
        ),
        (
            CHANCES,
            {"column": 2},
            "answer.column is 2, which the model doesn't answer; its columns are 0 to 1.",
        ),
        (
            CHANCES,
            {"column": "p"},
            "answer.column is p, which the model doesn't answer; its columns are 0 to 1.",
        ),
        (
            TABLE,
            {"argmax": True},
            "argmax compares numbers, but the model answers fraud (class, score); name the class",
        ),
        (
            CHANCES,
            {"argmax": True},
            "argmax can't be told: the model answers 2 values for each row and no classes are",
        ),
        (
            CHANCES,
            {"argmax": ["a", "b", "c"]},
            "2 values for each row and there are 3 classes; list the classes in",
        ),
        (
            numpy.array(["a", "b"]),
            {"threshold": 0.5},
            "the model answers a, which is no number to compare with",
        ),
        (
            CHANCES,
            {"threshold": 0.5},
            "the model answers 2 values for each row, and nothing says which one is",
        ),
        (
            numpy.ones((2, 2, 2)),
            {},
            "predictions have the shape [2, 2, 2]; log it with one prediction, or one row",
        ),
        (
            numpy.array([0.1, numpy.nan]),
            {},
            "1 of 2 predictions aren't finite numbers; mend the model.",
        ),
        (
            numpy.array([0.1, numpy.nan]),
            {"threshold": 0.5},
            "1 of 2 predictions are missing or NaN; mend the model.",
        ),
        (
            CHANCES * numpy.nan,
            {"argmax": ["a", "b"]},
            "2 of 2 predictions are missing or NaN; mend the model.",
        ),
        (
            numpy.array(["a", None], dtype=object),
            {},
            "1 of 2 predictions are missing or NaN; mend the model.",
        ),
        (
            [{"a": 1}, {"b": 1}],
            {"column": "a"},
            "answers a dict with a for the first row and another kind of answer",
        ),
        (
            [[1], [1, 2]],
            {"column": 0},
            "the model answers lists of different lengths; let it answer each row with as",
        ),
    ],
)
def test_refuses(answers, settings, sentence):
    if isinstance(answers, list):
        answers = numpy.array([None, *answers], dtype=object)[1:]
    with pytest.raises(UserError) as refused:
        read(answers, **settings)
    assert sentence in str(refused.value)


def test_refuses_a_text_where_a_number_is_wanted():
    with pytest.raises(
        UserError, match="the model answers high, which is no number; check tollgate"
    ):
        read(numpy.array(["high", "low"]), numbers=True)


@pytest.mark.parametrize(
    ("labels", "model", "positive", "pair"),
    [
        ([0, 1], None, "1", ("1", "0")),
        ([0, 1], None, "0", ("0", "1")),
        (["legit"], None, "fraud", ("fraud", "legit")),
        (["legit"], ["fraud", "legit"], "fraud", ("fraud", "legit")),
    ],
)
def test_a_threshold_tells_two_classes_apart(labels, model, positive, pair):
    assert threshold_pair(Classes.of(labels, (), model), positive) == pair


@pytest.mark.parametrize(
    ("labels", "positive", "sentence"),
    [
        (
            [0, 1],
            None,
            "answer.threshold needs tollgate:evaluation.positive: the class that the number speaks for",
        ),
        (
            [0, 1, 2],
            "1",
            "answer.threshold tells two classes apart, 1 and another one, but the classes are 0, 1, 2;",
        ),
        (
            [0, 1],
            "2",
            "answer.threshold tells two classes apart, 2 and another one, but the classes are 0, 1;",
        ),
        (
            [1],
            "1",
            "answer.threshold tells two classes apart, 1 and another one, but the classes are 1;",
        ),
    ],
)
def test_refuses_a_threshold_without_two_classes(labels, positive, sentence):
    with pytest.raises(UserError) as refused:
        threshold_pair(Classes.of(labels), positive)
    assert sentence in str(refused.value)


def test_what_is_answered_can_be_probabilities():
    def of(answers, **settings):
        found = Reading(AnswerSettings(**settings), False, PAIR).probabilities(answers, PAIR)
        return None if found is None else (found.values.tolist(), list(found.classes))

    assert of(CHANCES, argmax=True) == (CHANCES.tolist(), ["fraud", "legit"])
    assert of(numpy.array([0.75, 0.5]), threshold=0.5) == (
        [[0.75, 0.25], [0.5, 0.5]],
        ["fraud", "legit"],
    )
    assert of(numpy.array(["fraud", "legit"]), threshold=0.5) is None
    assert of(numpy.array(["fraud", "legit"])) is None
