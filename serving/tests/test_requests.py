"""Requests over a real socket against the app in this process: formats, refusals, routes."""

import json

import models
import pytest
from servers import ask, served
from tollgate_serving import bulk
from tollgate_serving.table_bodies import ARROW

ROW = [0.1, -0.2, 0.0, 0.4, 5, 0.0, 0.2, 0.1, 0.3, -0.9]
NAMES = [f"f{index}" for index in range(10)]
RECORD = dict(zip(NAMES, ROW))
MARK = "secret-4711"


@pytest.fixture(scope="module")
def linear_server(linear):
    with served(linear) as server:
        yield server


@pytest.fixture(scope="module")
def mixed_server(mixed):
    with served(mixed) as server:
        yield server


@pytest.fixture(scope="module")
def scripted_server(scratch):
    with served(models.save_scripted(scratch / "scripted")) as server:
        yield server


def with_first(value):
    return {"features": [[value, *ROW[1:]]]}


FORMATS = {
    "split": {"dataframe_split": {"columns": NAMES, "data": [ROW, ROW]}},
    "split in another order": {
        "dataframe_split": {"columns": NAMES[::-1], "data": [ROW[::-1], ROW[::-1]], "index": [0, 1]}
    },
    "split without names": {"dataframe_split": {"data": [ROW, ROW]}},
    "records": {"dataframe_records": [RECORD, RECORD]},
    "instances as lists": {"instances": [ROW, ROW]},
    "instances as objects": {"instances": [RECORD, RECORD]},
    "inputs by column": {"inputs": {name: [value, value] for name, value in RECORD.items()}},
    "inputs by row": {"inputs": [RECORD, RECORD]},
}


@pytest.mark.parametrize("body", FORMATS.values(), ids=FORMATS.keys())
def test_invocations_answers_every_mlflow_format_alike(linear_server, body):
    port, _ = linear_server
    expected = ask(port, "POST", "/predict", {"features": [ROW, ROW]})[1]["predictions"]
    status, document, headers = ask(port, "POST", "/invocations", body)
    assert (status, document) == (200, {"predictions": expected})
    assert headers["x-model-version"] == "2"


def test_invocations_takes_csv_with_columns_in_any_order(linear_server):
    port, _ = linear_server
    lines = [",".join(NAMES[::-1]), ",".join(str(value) for value in ROW[::-1])]
    headers = {"content-type": "text/csv; charset=utf-8"}
    status, document, _ = ask(port, "POST", "/invocations", "\r\n".join(lines).encode(), headers)
    expected = ask(port, "POST", "/predict", {"features": [ROW]})[1]["predictions"]
    assert (status, document) == (200, {"predictions": expected})


def test_predict_takes_lists_and_objects_and_names_the_version(linear_server):
    port, loaded = linear_server
    by_list = ask(port, "POST", "/predict", {"features": [ROW]})[1]
    by_name = ask(port, "POST", "/predict", {"features": [dict(reversed(RECORD.items()))]})[1]
    assert by_list == by_name
    assert by_list["model_version"] == "2" and by_list["predictions"] in ([0], [1])
    assert loaded.path == "native" and loaded.rowwise


def test_predict_gives_a_mixed_model_the_types_of_its_signature(mixed_server, mixed):
    import mlflow.pyfunc

    port, loaded = mixed_server
    frame = models.mixed_table().head(4)
    expected = mlflow.pyfunc.load_model(str(mixed)).predict(frame).tolist()
    body = {"features": json.loads(frame.to_json(orient="records"))}
    assert ask(port, "POST", "/predict", body)[1]["predictions"] == pytest.approx(expected)
    assert loaded.path == "pyfunc" and loaded.rowwise
    whole = {"features": [[1.5, 3.0, "pro", True]]}
    assert ask(port, "POST", "/predict", whole)[0] == 200
    csv = frame.to_csv(index=False).encode()
    answer = ask(port, "POST", "/invocations", csv, {"content-type": "text/csv"})[1]
    assert answer["predictions"] == pytest.approx(expected)


FACTS = ("model", "version", "digest", "stage")


def test_the_sample_of_version_is_a_valid_request(linear_server, mixed_server):
    for port, _ in (linear_server, mixed_server):
        version = ask(port, "GET", "/version")[1]
        status, document, _ = ask(port, "POST", "/predict", version["sample"])
        assert status == 200, document
        assert {*FACTS, "signature", "sample", "classes", "probabilities"} == set(version)
        assert len(version["signature"]["inputs"]) == len(version["sample"]["features"][0])


REFUSED = {
    "no JSON": (f"{MARK} no".encode(), 400, "bad-json", None, None),
    "NaN, which is no JSON": (b'{"features": [[NaN]]}', 400, "bad-json", None, None),
    "a list": ([1], 400, "bad-json", None, None),
    "no features": ({MARK: 1}, 400, "missing-field", "features", None),
    "features as text": ({"features": MARK}, 400, "not-a-list", "features", None),
    "empty features": ({"features": []}, 400, "empty", "features", None),
    "a row that is text": ({"features": [ROW, MARK]}, 400, "not-a-row", "features", 1),
    "a flat row": ({"features": ROW}, 400, "not-a-row", "features", 0),
    "too few features": ({"features": [ROW, ROW[1:]]}, 422, "wrong-width", "features", 1),
    "too many features": ({"features": [[*ROW, 1]]}, 422, "wrong-width", "features", 0),
    "an empty row": ({"features": [[]]}, 422, "wrong-width", "features", 0),
    "text for a number": (with_first(MARK), 422, "wrong-type", "f0", 0),
    "a numeric text": (with_first("1.5"), 422, "wrong-type", "f0", 0),
    "a boolean": (with_first(True), 422, "wrong-type", "f0", 0),
    "a list in a cell": (with_first([MARK]), 422, "wrong-type", "f0", 0),
    "null": (with_first(None), 422, "null", "f0", 0),
    "a missing column": (
        {"features": [{**RECORD, "f1": 0}, {"f0": 1}]},
        422,
        "missing-column",
        "f1",
        1,
    ),
    "an unknown column": ({"features": [{**RECORD, "age": 4711}]}, 422, "unknown-column", "age", 0),
    "an unspeakable column": (
        {"features": [{**RECORD, f"<{MARK}>": 1}]},
        422,
        "unknown-column",
        None,
        0,
    ),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED.keys())
def test_predict_refuses(linear_server, case):
    body, status, code, field, row = case
    answered, document, headers = ask(linear_server[0], "POST", "/predict", body)
    error = document["error"]
    assert (answered, error["code"], error["field"], error["row"]) == (status, code, field, row)
    assert MARK not in json.dumps(document) and "4711" not in json.dumps(document)
    assert error["message"].endswith(".") and "Traceback" not in error["message"]
    assert headers["x-model-version"] == "2"


MIXED_REFUSED = {
    "a fraction for a whole number": ([1.0, 2.5, "pro", True], "count"),
    "a number too large for 64 bits": ([1.0, 2**63, "pro", True], "count"),
    "a number for text": ([1.0, 2, 3, True], "plan"),
    "a number for a boolean": ([1.0, 2, "pro", 1], "active"),
    "null in a required column": ([1.0, 2, None, True], "plan"),
}


@pytest.mark.parametrize("case", MIXED_REFUSED.values(), ids=MIXED_REFUSED.keys())
def test_predict_of_a_mixed_model_refuses(mixed_server, case):
    row, field = case
    good = [1.0, 2, "pro", True]
    status, document, _ = ask(mixed_server[0], "POST", "/predict", {"features": [good, row]})
    error = document["error"]
    assert (status, error["field"], error["row"]) == (422, field, 1)


INVOCATIONS_REFUSED = {
    "two formats": ({"instances": [ROW], "inputs": [ROW]}, 400, "format"),
    "no format": ({"features": [ROW]}, 400, "format"),
    "split without data": ({"dataframe_split": {"columns": NAMES}}, 400, "format"),
    "a column twice": (
        {"dataframe_split": {"columns": ["f0", *NAMES[:-1]], "data": [ROW]}},
        422,
        "duplicate-column",
    ),
    "columns of different length": ({"inputs": {"f0": [1, 2], "f1": [1]}}, 422, "ragged"),
    "params for a model without any": ({"instances": [ROW], "params": {"a": 1}}, 422, "params"),
}


@pytest.mark.parametrize("case", INVOCATIONS_REFUSED.values(), ids=INVOCATIONS_REFUSED.keys())
def test_invocations_refuses(linear_server, case):
    body, status, code = case
    answered, document, _ = ask(linear_server[0], "POST", "/invocations", body)
    assert (answered, document["error"]["code"]) == (status, code)


CSV_REFUSED = {
    "a header alone": (",".join(NAMES), 400, "empty", None),
    "a short line": (",".join(NAMES) + "\n1,2", 422, "wrong-width", None),
    "an empty cell": (",".join(NAMES) + "\n" + ",".join(["", *["1"] * 9]), 422, "null", "f0"),
    "text": (",".join(NAMES) + "\n" + ",".join([MARK, *["1"] * 9]), 422, "wrong-type", "f0"),
    "NaN": (",".join(NAMES) + "\n" + ",".join(["nan", *["1"] * 9]), 422, "null", "f0"),
    "bytes that are no UTF-8": (b"\xff\xfe", 400, "bad-csv", None),
}


@pytest.mark.parametrize("case", CSV_REFUSED.values(), ids=CSV_REFUSED.keys())
def test_invocations_refuses_csv_with(linear_server, case):
    text, status, code, field = case
    body = text if isinstance(text, bytes) else text.encode()
    answered, document, _ = ask(
        linear_server[0], "POST", "/invocations", body, {"content-type": "text/csv"}
    )
    error = document["error"]
    assert (answered, error["code"], error["field"]) == (status, code, field)
    assert MARK not in json.dumps(document)


def test_refuses_wrong_methods_routes_types_and_sizes(linear_server):
    port, _ = linear_server
    found = [
        ask(port, "GET", "/predict")[:2],
        ask(port, "POST", "/health")[:2],
        ask(port, "GET", f"/{MARK}")[:2],
        ask(port, "POST", "/invocations", b"x", {"content-type": "image/png"})[:2],
        ask(port, "POST", "/predict", b" " * (16 * 1024 * 1024 + 1))[:2],
    ]
    assert [status for status, _ in found] == [405, 405, 404, 415, 413]
    codes = [document["error"]["code"] for _, document in found]
    assert codes == ["wrong-method", "wrong-method", "not-found", "media-type", "too-large"]
    assert MARK not in json.dumps(found)


def test_takes_a_body_near_the_limit_and_answers_health_meanwhile(linear_server):
    port, _ = linear_server
    body = json.dumps({"features": [ROW] * 20_000}).encode()
    status, document, _ = ask(port, "POST", "/predict", body)
    assert status == 200 and len(document["predictions"]) == 20_000


def test_passes_params_and_refuses_those_that_do_not_fit(scripted_server):
    port, loaded = scripted_server
    body = {"instances": [[1, 2]], "params": {"factor": 10.0}}
    assert ask(port, "POST", "/invocations", body)[1] == {"predictions": [30.0]}
    assert not loaded.rowwise
    wrong = {"instances": [[1, 2]], "params": {"factor": MARK}}
    status, document, _ = ask(port, "POST", "/invocations", wrong)
    assert (status, document["error"]["code"]) == (422, "params")
    assert (
        document["error"]["message"] == "The param factor holds another value than a single double."
    )
    assert MARK not in json.dumps(document)


def test_a_model_that_raises_gives_one_sentence_and_no_trace(scripted_server, caplog):
    status, document, _ = ask(scripted_server[0], "POST", "/predict", {"features": [[-1, 0]]})
    assert status == 500
    sentence = "The model failed on this request; the scorer's log says why."
    assert document == {
        "error": {"code": "model-failed", "field": None, "row": None, "message": sentence}
    }
    assert any(record.exc_info for record in caplog.records if record.name == "tollgate")


def test_refuses_to_hand_out_a_prediction_that_is_not_finite(scripted_server):
    port, _ = scripted_server
    status, document, _ = ask(port, "POST", "/predict", {"features": [[-2, 0], [1, 1]]})
    assert (status, document["error"]["code"]) == (500, "non-finite-prediction")
    assert ask(port, "POST", "/predict", {"features": [[1, 1]]})[1]["predictions"] == [2.0]


@pytest.mark.parametrize("row", [[1e308, 1e308], [-1, -1e39]], ids=["overflows", "raises"])
def test_calls_a_number_that_no_32_bit_float_holds_the_callers_when_the_model_fails(
    scripted_server, row
):
    port, _ = scripted_server
    status, document, _ = ask(port, "POST", "/predict", {"features": [[1, 1], row]})
    error = document["error"]
    assert (status, error["code"], error["row"]) == (422, "out-of-range", 1)
    assert error["field"] == ("f0" if row[0] > 1 else "f1")
    assert ask(port, "POST", "/predict", {"features": [[1e300, 1]]})[0] == 200


def test_counts_requests_by_route_and_code(linear_server):
    port, _ = linear_server
    ask(port, "POST", "/predict", {"features": [ROW]})
    ask(port, "GET", f"/{MARK}")
    text = ask(port, "GET", "/metrics")[1]
    labels = 'model="churn-model",route="/predict",version="2"'
    assert f'tollgate_scorer_requests_total{{code="200",{labels}}}' in text
    assert 'route="other"' in text and MARK not in text
    assert f"tollgate_scorer_request_seconds_count{{{labels}}}" in text
    assert 'tollgate_scorer_in_flight{model="churn-model",version="2"} 1.0' in text
    assert 'tollgate_scorer_batch_rows_count{model="churn-model",version="2"}' in text


def test_openapi_describes_every_route_and_the_columns(linear_server):
    port, _ = linear_server
    document = ask(port, "GET", "/openapi.json")[1]
    for path, verbs in document["paths"].items():
        for verb in verbs:
            assert ask(port, verb.upper(), path, b"{}")[0] in (200, 400), path
    row = document["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]
    listed, named = row["schema"]["properties"]["features"]["items"]["oneOf"]
    assert (listed["minItems"], named["required"]) == (10, NAMES)
    status, page, headers = ask(port, "GET", "/docs")
    assert status == 200 and headers["content-type"].startswith("text/html")
    assert "http://" not in page and "https://" not in page


def test_answers_tables_and_probabilities_as_it_answers_rows(linear_server, mixed_server):
    port, _ = linear_server
    features, _ = models.table()
    rows = features.head(50).values.tolist()
    answered = ask(port, "POST", "/predict", {"features": rows})[1]["predictions"]
    arrow = {"content-type": ARROW}
    body = bulk.table_bytes(features.head(50))
    assert ask(port, "POST", "/invocations", body, arrow)[1]["predictions"] == answered
    given = ask(port, "POST", "/probabilities", {"instances": rows})[1]
    assert given["classes"] == [0, 1] and ask(port, "GET", "/version")[1]["classes"] == [0, 1]
    probable = [max(zip(row, given["classes"]))[1] for row in given["probabilities"]]
    assert probable == answered
    port, _ = mixed_server
    assert ask(port, "GET", "/version")[1]["classes"] is None
    frame = models.mixed_table()
    status, document, _ = ask(port, "POST", "/probabilities", bulk.table_bytes(frame), arrow)
    assert (status, document["error"]["code"]) == (422, "no-probabilities")
