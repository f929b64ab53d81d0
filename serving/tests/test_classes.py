"""Which values are one class, which classes there are, and which one metrics are about."""

import datetime

import numpy
import pandas
import pytest
from tollgate_serving.classes import Classes, name_of
from tollgate_serving.errors import UserError

DATES = numpy.array(["2024-01-01", "2024-02-01T12:00"], dtype="datetime64[ns]")


@pytest.mark.parametrize(
    ("labels", "answers"),
    [
        (numpy.array([0, 1]), numpy.array([0.0, 1.0])),
        (numpy.array([0, 1]), numpy.array(["0", "1"])),
        (numpy.array(["0", "1"]), numpy.array([0, 1])),
        (numpy.array([0, 1]), numpy.array([False, True])),
        (numpy.array([False, True]), numpy.array(["False", "True"])),
        (numpy.array(["false", "true"]), numpy.array([0, 1])),
        (numpy.array([0, 1]), numpy.array(["0.0", "1.0"])),
        (numpy.array(["01", "02"]), numpy.array(["01", "02"])),
        (numpy.array([1, 2]), numpy.array(["01", "02"])),
        (numpy.array([1.5, 2.5]), numpy.array(["1.5", "2.50"])),
        (numpy.array(["a", "b"]), numpy.array(["a", "b"], dtype=object)),
        (pandas.Series(["a", "b"], dtype="category"), numpy.array(["a", "b"])),
        (numpy.array([2**60, 2**60 + 1]), numpy.array([str(2**60), str(2**60 + 1)])),
        (numpy.array([1, 2], dtype="int8"), numpy.array([1, 2], dtype="float32")),
        # Either side may have floats of 32 bits.
        (numpy.array([0.1, 0.3]), numpy.array([0.1, 0.3], dtype="float32")),
        (numpy.array([0.1, 0.3], dtype="float32"), numpy.array(["0.1", "0.3"])),
        (DATES, numpy.array(["2024-01-01T00:00:00", "2024-02-01T12:00:00"])),
        (DATES, DATES),
    ],
)
def test_values_of_other_types_are_the_same_classes(labels, answers):
    for model in (None, answers):
        classes = Classes.of(labels, answers, model)
        assert len(classes.names) == 2
        assert classes.codes(labels).tolist() == classes.codes(answers).tolist() == [0, 1]


def test_two_values_of_one_source_stay_two_classes():
    classes = Classes.of(numpy.array(["1", "01", "2"]), numpy.array([1, 2, 1]))
    assert classes.codes(["1", "01", "2"]).tolist() == [0, 1, 2]
    # What is said as a number could be either where its name is neither.
    said = numpy.array([1, 2, 1.0, "1.00"], dtype=object)
    assert classes.codes(said).tolist() == [0, 2, 0, -1]


def test_codes_do_not_depend_on_the_order_of_rows_and_follow_the_names():
    draw = numpy.random.default_rng(0)
    for _ in range(50):
        values = draw.integers(-20, 20, 30)
        texts = numpy.array(
            [f"{value}.0" if draw.random() < 0.5 else str(value) for value in values]
        )
        if len(set(texts)) != len(set(values)):
            continue
        classes = Classes.of(values, texts)
        assert [int(float(name)) for name in classes.names] == sorted(set(values.tolist()))
        shuffled = draw.permutation(30)
        assert (classes.codes(texts)[shuffled] == classes.codes(values[shuffled])).all()


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (1.0, "1"),
        (numpy.float32(2), "2"),
        (True, "True"),
        ("1.0", "1.0"),
        (0.25, "0.25"),
        (DATES[1], "2024-02-01T12:00:00"),
        (datetime.date(2024, 1, 31), "2024-01-31"),
        (datetime.datetime(2024, 1, 31), "2024-01-31T00:00:00"),
        (pandas.NaT, None),
        (numpy.datetime64("NaT"), None),
    ],
)
def test_names_a_class(value, name):
    assert name_of(value) == name


@pytest.mark.parametrize("nothing", [None, float("nan"), numpy.nan])
def test_nothing_is_no_class(nothing):
    classes = Classes.of(["a", "b"], ["a", "b"])
    assert classes.codes(numpy.array(["a", nothing], dtype=object)).tolist() == [0, -1]


@pytest.mark.parametrize(
    ("known", "origin", "names"),
    [
        ({}, "evaluation-data", ("a", "b")),
        ({"training": ["a", "b", "c"]}, "training-data", ("a", "b", "c")),
        ({"model": ["b", "a", "d"], "training": ["a", "b", "c"]}, "model", ("a", "b", "d")),
        ({"model": ["a"]}, "model", ("a", "b")),
    ],
)
def test_says_who_names_the_classes(known, origin, names):
    classes = Classes.of(["a", "b", "b"], ["a", "a", "a"], **known)
    assert (classes.origin, classes.names) == (origin, names)


@pytest.mark.parametrize(
    ("labels", "setting", "positive", "by", "average"),
    [
        (["legit", "legit", "fraud"], None, "fraud", "rarer", "binary"),
        (["legit", "fraud", "fraud"], None, "legit", "rarer", "binary"),
        (["legit", "fraud", "fraud"], "fraud", "fraud", "setting", "binary"),
        ([0, 1], None, "1", "rarer", "binary"),
        ([1, 2], None, "1", "rarer", "binary"),
        (["no", "yes"], None, "yes", "rarer", "binary"),
        ([0, 1, 1], "1.0", "1", "setting", "binary"),
        ([0, 1, 1], "True", "1", "setting", "binary"),
        ([0, 1, 2], None, None, None, "macro"),
        ([0, 1, 2], "2", "2", "setting", "binary"),
        ([0, 0], None, None, None, "macro"),
    ],
)
def test_metrics_are_about(labels, setting, positive, by, average):
    facts = Classes.of(labels, labels, positive=setting).facts()
    assert (facts["positive"], facts["positiveBy"], facts["average"]) == (positive, by, average)


def test_a_class_that_only_the_model_knows_is_the_rarer_one():
    assert (
        Classes.of(["legit"] * 3, ["legit"] * 3, ["fraud", "legit"]).facts()["positive"] == "fraud"
    )


@pytest.mark.parametrize(
    ("labels", "answers", "known", "sentence"),
    [
        (
            ["a", "b"],
            ["a", "b"],
            {"positive": "c"},
            "tollgate:evaluation.positive is c, which is no class of the model or the data; the classes are a, b.",
        ),
        (
            [0, 1],
            [0.25, 0.75],
            {},
            "no prediction equals any label: the model answers numbers such as 0.25, where the classes are 0, 1; "
            "is this a probability or a regression?",
        ),
        (
            [0, 1, 1],
            [0.0, 0.75, 1.0],
            {},
            "1 of 3 predictions are fractions and equal no label: the model answers numbers such as 0.75",
        ),
        (
            [10.5, 20.5],
            [10.25, 20.75],
            {},
            "no prediction equals any label: the model answers numbers such as 10.25, where the classes are "
            "10.5, 20.5; is this a probability or a regression?",
        ),
        (
            [0, 1],
            [0.0, 0.99999999],
            {},
            "1 of 2 predictions are fractions and equal no label: the model answers numbers such as 0.99999999, ",
        ),
        (
            [0.1, 0.2],
            [0.1000001, 0.2000001],
            {},
            "no prediction equals any label: the model answers numbers such as 0.1000001, where the classes are 0.1, 0",
        ),
        (
            DATES,
            [1.0, 2.0],
            {},
            "no prediction equals any label: the model answers 1, 2, where the classes are 2024-01-01T00:00:00, 2024",
        ),
        (
            ["no", "yes"],
            [0, 1],
            {},
            "no prediction equals any label: the model answers 0, 1, where the classes are no, yes; ",
        ),
        (
            ["no", "yes"],
            [0, 1],
            {"model": [0, 1]},
            "no label is a class that the model knows: it knows 0, 1, where the label column has no, yes; ",
        ),
    ],
)
def test_refuses(labels, answers, known, sentence):
    with pytest.raises(UserError) as refused:
        Classes.of(labels, answers, **known)
    assert str(refused.value).startswith(sentence)


def test_takes_fractions_where_classes_are_some():
    assert Classes.of([0.5, 1.0, 1.5], [0.5, 1.0, 2.5]).names == ("0.5", "1", "1.5", "2.5")
