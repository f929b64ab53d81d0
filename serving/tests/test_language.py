"""Bodies of language models: one row with its params beside it, whose answer is the model's own document."""

import answering
import pytest
from servers import ask, served

TEXT = {"type": "string", "name": "prompt", "required": True}
WARMTH = {"name": "temperature", "type": "double", "default": 0.5, "shape": None}


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    folder = tmp_path_factory.mktemp("language") / "model"
    with served(answering.save(folder, "chat", {"inputs": [TEXT], "params": [WARMTH]})) as (
        port,
        _,
    ):
        yield port


def test_the_answer_is_the_models_own_document(port):
    status, document, headers = ask(
        port, "POST", "/invocations", {"prompt": "hello", "temperature": 1}
    )
    assert (status, document["given"], document["params"]) == (
        200,
        {"prompt": "hello"},
        {"temperature": 1.0},
    )
    assert "predictions" not in document and headers["x-model-version"] == "2"
    # The same row in a format of its own is answered as any other.
    body = {"dataframe_records": [{"prompt": "hello"}], "params": {"temperature": 1}}
    assert ask(port, "POST", "/invocations", body)[1] == {"predictions": document}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"prompt": 5}, "prompt"),
        ({"prompt": "hello", "temprature": 1}, "temprature"),
        ({"prompt": "hello", "temperature": "warm"}, "temperature"),
        ({"messages": []}, "prompt"),
    ],
)
def test_a_callers_mistake_is_422_with_its_name(port, body, field):
    status, document, _ = ask(port, "POST", "/invocations", body)
    assert (status, document["error"]["field"]) == (422, field)


def test_openapi_says_which_key_the_model_takes(port, linear):
    def formats(port):
        paths = ask(port, "GET", "/openapi.json")[1]["paths"]
        content = paths["/invocations"]["post"]["requestBody"]["content"]
        return content["application/json"]["schema"]["oneOf"]

    assert formats(port)[-1]["anyOf"] == [{"required": ["prompt"]}]
    with served(linear) as (other, _):
        assert not any("anyOf" in each for each in formats(other))
