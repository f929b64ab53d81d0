"""Two versions whose code has the same module name: each answers by its own code, whichever is asked first."""

import json

import mlflow
import models
import numpy
import pytest
from evaluating import evaluate_here, pin
from mlflow.models.signature import ModelSignature
from mlflow.types import ColSpec, Schema
from tollgate_serving.digest import digest_of_folder
from tollgate_serving.fetch import Pinned
from tollgate_serving.probe import ScorerPlace, running_scorer

#: Right where the first feature is above this: the label is whether it is above 0.
LOADER = """
class Model:
    def predict(self, rows):
        return (rows["f0"] > {above}).astype(int)


def _load_pyfunc(path):
    return Model()
"""
NAME = "verdicts"


def code(folder, above):
    folder.mkdir()
    path = folder / f"{NAME}.py"
    path.write_text(LOADER.format(above=above))
    return path


def saved(above, **where):
    """A version that is loaded by a module ``verdicts`` of its own."""
    options = {
        "loader_module": NAME,
        "signature": ModelSignature(Schema([ColSpec("double", "f0")]), Schema([ColSpec("long")])),
        "pip_requirements": models.REQUIREMENTS,
        **where,
    }
    if "path" in options:
        return mlflow.pyfunc.save_model(**options)
    with mlflow.start_run():
        return mlflow.pyfunc.log_model(**options)


@pytest.fixture(scope="module")
def versions(mlflow_server, tmp_path_factory):
    """What is deployed is right on every row, the candidate on 71 of 100; both import ``verdicts``."""
    folder = tmp_path_factory.mktemp("two")
    features = numpy.concatenate([numpy.linspace(-1, -0.1, 50), numpy.linspace(0.1, 1, 50)])
    data = folder / "eval.csv"
    data.write_text(
        "f0,label\n" + "".join(f"{value},{int(value > 0)}\n" for value in features.tolist())
    )
    cut = float(numpy.sort(features)[50 + 28]) + 1e-9
    numbers = [
        str(
            saved(
                above,
                name="model",
                code_paths=[str(code(folder / which, above))],
                registered_model_name="two-verdicts",
            ).registered_model_version
        )
        for which, above in (("right", 0.0), ("worse", cut))
    ]
    return mlflow_server, data, *numbers


@pytest.mark.parametrize("right_first", [True, False], ids=["right deployed", "worse deployed"])
def test_the_deployed_version_is_measured_by_its_own_code(versions, tmp_path, right_first):
    registry, data, right, worse = versions
    candidate, other = (worse, right) if right_first else (right, worse)
    deployed = pin("two-verdicts", other, tmp_path / "deployed")
    gates = {"better-than-deployed": {"metric": "accuracy", "significance": 0.05}}
    code = evaluate_here(
        tmp_path, registry, candidate, data, "two-verdicts", deployed=deployed, gates=gates
    )
    assert code == 0
    evidence = json.loads((tmp_path / "evidence.json").read_text())
    quality = evidence["comparison"]["quality"]
    accuracies = (evidence["metrics"]["accuracy"], quality["deployed"])
    assert accuracies == pytest.approx((0.71, 1.0) if right_first else (1.0, 0.71))
    # The old way measured two equals.
    assert not right_first or quality["pValue"] < 1e-6


def test_each_serves_by_its_own_code_at_the_same_time(tmp_path):
    for which, above in (("one", 0.0), ("two", 0.5)):
        path = code(tmp_path / f"{which}-code", above)
        saved(above, path=str(tmp_path / which), code_paths=[str(path)])
    place = ScorerPlace(tmp_path / "cache", "Staging", start_timeout_seconds=120)
    rows = [[0.25], [0.75], [-1.0]]
    with (
        running_scorer(_pinned(tmp_path / "one"), place) as first,
        running_scorer(_pinned(tmp_path / "two"), place) as second,
    ):
        answers = [scorer.ask_rows(rows) for scorer in (first, second, first)]
    # Loaded in one process, the second answers [1, 1, 0] as well.
    assert answers == [[1, 1, 0], [0, 1, 0], [1, 1, 0]]


def _pinned(folder):
    return Pinned(str(folder), NAME, "1", digest_of_folder(folder))
