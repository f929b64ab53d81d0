"""What of a caller's values a scorer's log may hold: nothing, whatever the model does with them."""

import json
import logging
import sys
import threading
import warnings

import cloudpickle
import mlflow.pyfunc
import pytest
from mlflow.models.signature import ModelSignature
from mlflow.types import ColSpec, Schema
from servers import ask, eventually, scorer_process
from tollgate_serving.digest import digest_of_folder
from tollgate_serving.value_free import trace_of

SECRET = "Ada Lovelace, born 1815"


class Talkative(mlflow.pyfunc.PythonModel):
    """Does with the first value of a row what its second says, and fails or answers."""

    def load_context(self, context):
        # As some libraries do, which then write past everybody's formatter.
        logging.getLogger("other.library").addHandler(logging.StreamHandler())

    def predict(self, context, model_input, params=None):
        value, what = model_input["name"].iloc[0], model_input["what"].iloc[0]
        getattr(self, what)(value)
        return [1.0] * len(model_input)

    def fails(self, value):
        raise ValueError(f"no such person: {value}")

    def fails_twice(self, value):
        try:
            float(value)
        except ValueError as error:
            raise RuntimeError(value) from error

    def fails_on_the_way(self, value):
        try:
            float(value)
        finally:
            {}[value]

    def fails_with_a_note(self, value):
        error = ValueError("a constant text")
        error.add_note(value)
        raise error

    def fails_many_times(self, value):
        raise ExceptionGroup(value, [ValueError(value), KeyError(value)])

    def warns(self, value):
        warnings.warn(f"unusual: {value}", stacklevel=1)

    def logs(self, value):
        logging.getLogger("some.library").error("unusual: %s", value)
        logging.getLogger("some.library").error(f"unusual: {value}")

    def logs_its_own_way(self, value):
        logging.getLogger("other.library").error(value)

    def logs_an_error(self, value):
        try:
            float(value)
        except ValueError:
            logging.getLogger("some.library").exception(value)

    def prints(self, value):
        print(value)
        print(value, file=sys.stderr)
        sys.stdout.buffer.write(value.encode())
        sys.stdout.flush()

    def loses_a_thread(self, value):
        def run():
            raise ValueError(value)

        thread = threading.Thread(target=run)
        thread.start()
        thread.join()

    def loses_an_error(self, value):
        class Ending:
            def __del__(self):
                raise ValueError(value)

        Ending()

    def fails_on_a_warning(self, value):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.warn(value, stacklevel=1)

    def fails_as_json_would(self, value):
        raise TypeError(f"Type is not JSON serializable: {value}")


DEEDS = [
    name
    for name in vars(Talkative)
    if name.startswith(("fails", "loses", "warns", "logs", "prints"))
]


@pytest.fixture(scope="module")
def scorer(tmp_path_factory):
    folder = tmp_path_factory.mktemp("talkative")
    # This module isn't importable where the model is served.
    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    columns = [ColSpec("string", "name"), ColSpec("string", "what")]
    mlflow.pyfunc.save_model(
        folder / "model",
        python_model=Talkative(),
        signature=ModelSignature(inputs=Schema(columns)),
        pip_requirements=[],
    )
    cloudpickle.unregister_pickle_by_value(sys.modules[__name__])
    model = folder / "model"
    with scorer_process(folder, str(model), digest_of_folder(model)) as scorer:
        scorer.wait_until_ready()
        yield scorer


@pytest.mark.parametrize("deed", DEEDS)
def test_a_line_that_a_caller_caused_holds_nothing_of_its_rows(scorer, deed):
    before = len(scorer.log.read_text())
    body = {"features": [{"name": SECRET, "what": deed}]}
    status = ask(scorer.port, "POST", "/predict", body)[0]
    assert status == (500 if deed.startswith("fails") else 200)
    eventually(lambda: '"route": "/predict"' in scorer.log.read_text()[before:], 30)
    said = scorer.log.read_text()[before:]
    records = [json.loads(line) for line in said.splitlines()]
    assert SECRET not in said
    assert SECRET.split(",")[0] not in said
    if status == 500:
        failure = next(record for record in records if "trace" in record)
        assert failure["message"] == "the model failed on a request"
        # Where to look: the method's name is in the trace.
        assert f"in {deed}" in failure["trace"]


def test_the_log_tells_of_warnings_and_of_what_was_printed(scorer):
    for deed in ("warns", "logs", "prints", "loses_a_thread"):
        ask(scorer.port, "POST", "/predict", {"features": [{"name": SECRET, "what": deed}]})
    log = scorer.log.read_text()
    assert '"warning": "UserWarning"' in log
    assert "a line of some.library" in log
    assert log.count("what the model prints isn't kept") == 1
    assert "a thread of the model failed" in log


def test_what_refuses_a_request_is_logged_nowhere(scorer):
    before = len(scorer.log.read_text())
    for body in ({"features": [[SECRET]]}, {"features": [{SECRET: 1}]}, [SECRET]):
        assert ask(scorer.port, "POST", "/predict", body)[0] in (400, 422)
    ask(scorer.port, "POST", f"/{SECRET.replace(' ', '%20')}", {"features": [[1]]})
    ask(scorer.port, "GET", "/health", None, {"x-secret": SECRET})
    eventually(lambda: scorer.log.read_text()[before:].count('"message": "request"') == 5, 30)
    assert "Lovelace" not in scorer.log.read_text()[before:]


def test_a_text_that_stands_in_the_code_is_told():
    def fail():
        raise ValueError("this model fails on everything")

    with pytest.raises(ValueError) as caught:
        fail()
    assert trace_of(caught.value).endswith("ValueError: this model fails on everything")


def test_a_text_that_was_put_together_is_not():
    def fail(name):
        raise ValueError(f"no {name}")

    with pytest.raises(ValueError) as caught:
        fail(SECRET)
    trace = trace_of(caught.value)
    assert SECRET not in trace
    # The line of code is as good as the text, and the same for every caller.
    assert 'raise ValueError(f"no {name}")' in trace
