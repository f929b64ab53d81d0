"""What is wanted of a model, and its answers by target."""

import numpy
import pandas
import pytest
from mlflow.models import infer_signature
from tollgate_serving.deployed import DeployedAnswers
from tollgate_serving.errors import UserError
from tollgate_serving.fetch import Pinned
from tollgate_serving.predictor import Predictor
from tollgate_serving.probe import RunningScorer
from tollgate_serving.signature import read_signature
from tollgate_serving.spec import Spec
from tollgate_serving.targets import Wanted, read_targets

ROWS = pandas.DataFrame({"x": [1.0, 2.0]})
PAIRS = pandas.DataFrame({"price": [1.0, 2.0], "days": [10.0, 20.0]})


def spec(**settings):
    given = {name: "x" for name in ("model", "version", "tracking_uri", "data", "data_path")}
    given |= {"stage": "dev", "evaluator_version": "1", "label": "label", "task": "regression"}
    return Spec(**{**given, **settings})


def model(outputs, classes=None):
    """One whose signature has such answers."""
    signature = read_signature(infer_signature(ROWS, outputs))
    pinned = Pinned("models:/m/1", "m", "1", "sha256:" + "0" * 64)
    return Predictor(pinned, RunningScorer(0, 0), signature, classes, False, True)


def labels_of(*values):
    wanted = [Wanted("label", numpy.array(values))]
    (target,) = read_targets(spec(), wanted, model(None), numpy.zeros(len(values)), None)
    return target.labels.tolist()


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ((1.0, numpy.inf), "inf"),
        (("1.5", "-inf"), "-inf"),
        (("2007", "2_008"), "2_008"),
        (("1", "much"), "much"),
        (numpy.array(["2024-01-31"], "datetime64[ns]"), "2024-01-31T00:00:00.000000000"),
    ],
)
def test_a_regression_has_finite_numbers_as_labels(values, shown):
    with pytest.raises(UserError) as refused:
        labels_of(*values)
    assert str(refused.value) == (
        f"the label column label has values that are no finite numbers, such as {shown}; "
        "mend the data, or check tollgate:evaluation.task and the label column."
    )


def test_labels_that_are_written_as_texts_are_their_numbers():
    assert labels_of("1.5", " .5", "-2e3") == [1.5, 0.5, -2000.0]


def test_several_numbers_are_told_by_the_names_of_each_versions_own_signature():
    labels = ["days", "price"]
    wanted = [Wanted(name, PAIRS[name].to_numpy()) for name in labels]
    turned = PAIRS[["days", "price"]]
    deployed = DeployedAnswers(None, turned.to_numpy(), None, None, model(turned).outputs)
    found = read_targets(spec(label=labels), wanted, model(PAIRS), PAIRS.to_numpy(), deployed)
    for target in found:
        assert target.predictions.tolist() == PAIRS[target.name].tolist()
        assert target.deployed.tolist() == PAIRS[target.name].tolist()


def test_chances_in_a_table_that_pandas_counted_are_those_of_the_models_classes():
    chances = pandas.DataFrame([[0.9, 0.1], [0.2, 0.8]])
    settings = spec(task="classification", answer={"argmax": True})
    wanted = [Wanted("label", numpy.array([1, 2]))]
    (target,) = read_targets(settings, wanted, model(chances, [1, 2]), chances, None)
    assert target.classes.names == ("1", "2")
    assert target.predictions.tolist() == target.labels.tolist() == [0, 1]
    with pytest.raises(UserError, match=r"list the classes in their order, such as"):
        read_targets(settings, wanted, model(chances), chances, None)
