"""Large requests beside small ones: who is answered first.

Each model here waits, at a certain step of a large request, until a small request was answered. Where that step holds
up the event loop or the model, the small one isn't answered, and the model's wait ends without it.
"""

import gc
import json
import threading

import mlflow.pyfunc
import mlflow.sklearn
import numpy
import pandas
import pytest
from caller import Caller
from mlflow.models.signature import ModelSignature
from mlflow.types import ColSpec, Schema
from servers import ask, eventually, served
from sklearn.linear_model import LinearRegression
from tollgate_serving import app, batching, bulk, model, table_bodies
from tollgate_serving.beside import without_collection

#: Long enough for any small request to be answered on a busy machine.
SECONDS = 60
ROWS = batching.MAX_ROWS * 3
SMALL = {"features": [[1.0]]}


class Steps:
    """What the models and the test tell each other; both are in this process."""

    def __init__(self):
        self.reached = threading.Event()
        self.answered = threading.Event()
        self.in_time: list[bool] = []

    def wait(self):
        """Called at the step in question."""
        if not self.in_time:
            self.reached.set()
            self.in_time.append(self.answered.wait(SECONDS))


steps = Steps()


class SlowToTell(numpy.ndarray):
    """Answers that take long to write down."""

    def tolist(self):
        if self.size >= ROWS:
            steps.wait()
        return numpy.asarray(self).tolist()


class TakesLongToTell(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return model_input["x"].to_numpy().view(SlowToTell)


class TellsMuchOfLittle(mlflow.pyfunc.PythonModel):
    """One row in, many values out."""

    def predict(self, context, model_input, params=None):
        rows = ROWS * 2 if len(model_input) > 1 else 1
        return numpy.zeros(rows).view(SlowToTell)


class Turns:
    """A row-wise model of scikit-learn's kind: tells whose turn it was, and waits in the first of a large request."""

    def __init__(self):
        self.rows: list[int] = []

    def __call__(self, rows):
        self.rows.append(len(rows))
        if len(rows) >= batching.MAX_ROWS:
            steps.wait()
        return rows[:, 0]


@pytest.fixture(autouse=True)
def anew():
    steps.__init__()


def saved(folder, answering):
    signature = ModelSignature(inputs=Schema([ColSpec("double", "x")]))
    mlflow.pyfunc.save_model(
        folder, python_model=answering, signature=signature, pip_requirements=[]
    )
    return folder


def answers_of(port, large):
    """What the large request got, with a small one sent as soon as the large one is at its step."""
    found = []
    sending = threading.Thread(target=lambda: found.append(ask(port, *large)))
    sending.start()
    assert steps.reached.wait(SECONDS)
    assert ask(port, "GET", "/health")[0] == 200
    assert ask(port, "POST", "/predict", SMALL)[0] == 200
    steps.answered.set()
    sending.join()
    return found[0]


BODIES = {
    "JSON": ("POST", "/predict", json.dumps({"features": [[1.0]] * ROWS * 3}).encode()),
    "MLflow's JSON": (
        "POST",
        "/invocations",
        json.dumps({"dataframe_split": {"columns": ["x"], "data": [[1.0]] * ROWS * 3}}).encode(),
    ),
    "CSV": (
        "POST",
        "/invocations",
        b"x\n" + b"1.000000\n" * ROWS * 3,
        {"content-type": "text/csv"},
    ),
}


@pytest.mark.parametrize("large", BODIES.values(), ids=BODIES)
def test_others_are_answered_while_an_answer_is_written_down(tmp_path, large):
    with served(saved(tmp_path / "model", TakesLongToTell())) as (port, _):
        status, document, _ = answers_of(port, large)
    assert status == 200 and len(document["predictions"]) == ROWS * 3
    assert steps.in_time == [True]


def test_others_are_answered_while_much_is_written_down_for_a_small_request(tmp_path):
    with served(saved(tmp_path / "model", TellsMuchOfLittle())) as (port, _):
        status, document, _ = answers_of(port, ("POST", "/predict", {"features": [[1.0]] * 2}))
    assert status == 200 and len(document["predictions"]) == ROWS * 2
    assert steps.in_time == [True]


@pytest.mark.parametrize("kind", ["parquet", "arrow"])
def test_others_are_answered_while_a_small_body_is_unpacked(tmp_path, kind, monkeypatch):
    rows = pandas.DataFrame({"x": numpy.ones(ROWS)})
    if kind == "parquet":
        body, media_type = rows.to_parquet(), table_bodies.PARQUET
    else:
        body, media_type = bulk.table_bytes(rows.head(1)), table_bodies.ARROW
    assert len(body) < app.LARGE_BODY
    read = getattr(table_bodies, f"read_{kind}")

    def reading(*given):
        steps.wait()
        return read(*given)

    monkeypatch.setattr(table_bodies, f"read_{kind}", reading)
    with served(saved_regression(tmp_path / "model")) as (port, _):
        large = ("POST", "/invocations", body, {"content-type": media_type})
        assert answers_of(port, large)[0] == 200
    assert steps.in_time == [True]


@pytest.mark.parametrize("large", BODIES.values(), ids=BODIES)
def test_others_have_their_turn_while_a_row_wise_model_works_on_much(tmp_path, large, monkeypatch):
    turns = Turns()
    monkeypatch.setattr(model, "_native_predict", lambda _: turns)
    monkeypatch.setattr(model, "_agree", lambda *_: True)
    found = []
    with served(saved_regression(tmp_path / "model")) as (port, loaded):
        assert loaded.rowwise and loaded.path == "native"
        turns.rows.clear()
        sending = threading.Thread(target=lambda: found.append(ask(port, *large)))
        sending.start()
        assert steps.reached.wait(SECONDS)
        with Caller(port) as small:
            body = json.dumps(SMALL).encode()
            small.send(
                f"POST /predict HTTP/1.1\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body
            )
            # The large one, the small one, and this question.
            eventually(lambda: 'version="2"} 3.0' in _in_flight(port))
            steps.answered.set()
            assert small.answer()[0] == 200
        sending.join()
    status, document, _ = found[0]
    assert status == 200 and document["predictions"] == [1.0] * (ROWS * 3)
    assert sum(turns.rows) == ROWS * 3 + 1
    assert turns.rows.index(1) == 1


def _in_flight(port):
    lines = ask(port, "GET", "/metrics")[1].splitlines()
    return next(line for line in lines if line.startswith("tollgate_scorer_in_flight{"))


def saved_regression(folder):
    fitted = LinearRegression().fit(pandas.DataFrame({"x": [0.0, 1.0]}), [0.0, 1.0])
    signature = ModelSignature(inputs=Schema([ColSpec("double", "x")]))
    mlflow.sklearn.save_model(fitted, folder, signature=signature, pip_requirements=[])
    return folder


def test_the_collector_rests_until_the_last_that_asked_is_done():
    assert gc.isenabled()
    with without_collection():
        with without_collection():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()
