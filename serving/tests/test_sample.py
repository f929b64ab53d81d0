"""The sample request that a scorer offers: real rows, or values that the model is seen to answer."""

import mlflow.sklearn
import numpy
import pandas
import pytest
from mlflow.models import infer_signature
from models import REQUIREMENTS
from servers import ask, served
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from tollgate_serving.digest import digest_of_folder
from tollgate_serving.fetch import Pinned
from tollgate_serving.model import load

REGIONS = pandas.DataFrame({"region": ["north", "south", "west"] * 10, "area": [50.0, 70.5] * 15})


def regions():
    """Knows three regions and fails on any other."""
    encoder = make_column_transformer((OneHotEncoder(), ["region"]), remainder="passthrough")
    return make_pipeline(encoder, LinearRegression()).fit(REGIONS, REGIONS["area"] * 2)


def loaded(model, rows, folder, example=None):
    mlflow.sklearn.save_model(
        model,
        folder,
        signature=infer_signature(rows, model.predict(rows)),
        input_example=example,
        pip_requirements=REQUIREMENTS,
        serialization_format="cloudpickle",
    )
    return load(folder, Pinned(str(folder), "m", "1", digest_of_folder(folder)))


def test_made_up_values_that_the_model_fails_on_are_not_offered(tmp_path):
    assert loaded(regions(), REGIONS, tmp_path / "model").sample is None


def test_the_models_own_example_is_offered(tmp_path):
    found = loaded(regions(), REGIONS, tmp_path / "model", REGIONS.head(1))
    assert found.sample == [["north", 50.0]]


def test_the_models_own_example_is_offered_though_it_fails(tmp_path):
    loaded(regions(), REGIONS, tmp_path / "model", REGIONS.head(1))
    example = tmp_path / "model" / "input_example.json"
    example.write_text(example.read_text().replace("north", "moon"))
    again = load(tmp_path / "model", Pinned("m", "m", "1", "sha256:"))
    assert again.sample == [["moon", 50.0]]


def test_made_up_values_that_the_model_answers_are_offered(tmp_path):
    rows = pandas.DataFrame({"a": [0.1, 0.2, 0.9], "b": [1.0, 2.0, 3.0]})
    model = LogisticRegression().fit(rows, [0, 1, 1])
    assert loaded(model, rows, tmp_path / "model").sample == [[0.5, 0.5]]


def test_made_up_values_without_a_finite_answer_are_not_offered(tmp_path):
    rows = pandas.DataFrame({"a": [1.0, 2.0, 3.0]})

    class Logarithm(LinearRegression):
        def predict(self, rows):
            return numpy.log(numpy.asarray(rows)[:, 0] - 0.6)

    assert loaded(Logarithm().fit(rows, [1, 2, 3]), rows, tmp_path / "model").sample is None


def test_a_scorer_says_so_and_answers_real_rows(tmp_path):
    loaded(regions(), REGIONS, tmp_path / "model")
    with served(tmp_path / "model") as (port, _):
        status, document, _ = ask(port, "GET", "/version")
        assert (status, document["sample"]) == (200, None)
        status, document, _ = ask(port, "POST", "/predict", {"features": [["west", 60.0]]})
        assert status == 200 and document["predictions"] == pytest.approx([120.0])
        assert ask(port, "POST", "/predict", {"features": [["moon", 60.0]]})[0] >= 400
