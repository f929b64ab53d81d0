"""The real scorer as the evaluator asks it."""

import http.server
import json
import os
import threading
import time

import models
import numpy
import pytest
from tollgate_serving.digest import digest_of_folder
from tollgate_serving.errors import UserError
from tollgate_serving.fetch import Pinned
from tollgate_serving.host import cpus, memory_bytes, resident_bytes
from tollgate_serving.probe import (
    RunningScorer,
    ScorerPlace,
    by_row,
    check_smoke,
    running_scorer,
)

ROWS = [[0.1 * n] * 10 for n in range(5)]


@pytest.fixture(scope="module")
def scorer(linear, scratch):
    pinned = Pinned(str(linear), "churn-model", "2", digest_of_folder(linear))
    with running_scorer(pinned, ScorerPlace(scratch / "probe-cache", "Staging")) as running:
        yield running


@pytest.fixture
def noting():
    """A server that notes the first value of each row that it is asked for."""
    seen = []

    class Noting(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            seen.append(body["features"][0][0])
            answer = b'{"predictions": [0]}'
            self.send_response(200)
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Noting) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield RunningScorer(server.server_address[1], os.getpid()), seen
        server.shutdown()


def test_gives_a_time_for_each_request_of_one_caller(scorer):
    times = scorer.latency(ROWS, 30)
    assert len(times) == 30 and all(0 < milliseconds < 5000 for milliseconds in times)


def test_shares_the_requests_among_callers_at_the_same_time(scorer):
    assert len(scorer.latency(ROWS, 50, concurrency=4)) == 50


@pytest.mark.parametrize("callers", [1, 4])
def test_times_rows_that_did_not_warm_it_up(noting, callers):
    scorer, seen = noting
    rows = [[float(number)] * 10 for number in range(60)]
    assert len(scorer.latency(rows, 40, concurrency=callers)) == 40
    # Each row once: 20 to warm up, and 40 others.
    assert sorted(seen) == sorted(float(number) for number in range(60))
    assert len(scorer.latency(rows[:5], 40, concurrency=callers)) == 40


def test_tells_the_memory_of_the_scorer_and_not_our_own(scorer):
    assert scorer.pid != os.getpid()
    assert 20_000_000 < scorer.memory_bytes() < memory_bytes()
    assert resident_bytes(2**22 + 1) is None
    assert cpus() >= 1


def test_passes_smoke_when_the_predictions_are_those_of_the_evaluation(scorer, linear):
    import mlflow.pyfunc
    import pandas

    frame = pandas.DataFrame(ROWS, columns=[f"f{index}" for index in range(10)])
    expected = mlflow.pyfunc.load_model(str(linear)).predict(frame)
    assert check_smoke(scorer, ROWS, expected) == {
        "passed": True,
        "detail": "5 rows, 5 finite predictions, equal to the evaluation's",
    }
    assert check_smoke(scorer, ROWS, 1 - expected) == {
        "passed": False,
        "detail": "the predictions differ from those of the evaluation",
    }


def test_fails_smoke_when_the_scorer_refuses_the_rows(scorer):
    found = check_smoke(scorer, [[1.0]], numpy.zeros(1))
    assert not found["passed"] and found["detail"].startswith("the scorer answered 422: ")


class Scripted(http.server.BaseHTTPRequestHandler):
    """Answers every request with the document of the server."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        status, body = self.server.answer
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def answering():
    """A server of our own that answers what the test says."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Scripted)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()

    def answer(status, body):
        server.answer = status, body
        return RunningScorer(server.server_port, os.getpid())

    yield answer
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("predictions", "rows"),
    [
        ([1, 2], [1, 2]),
        ({"a": [1, 2], "b": ["x", "y"]}, [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]),
        ({"a": {"b": [1, 2]}}, [{"a": {"b": 1}}, {"a": {"b": 2}}]),
        ([{"a": 1}, {"a": 2}], [{"a": 1}, {"a": 2}]),
        ([1], None),
        ({"a": [1, 2], "b": [1]}, None),
        ({"a": 1}, None),
        ({}, None),
        ("no", None),
    ],
)
def test_tells_an_answer_for_each_row(predictions, rows):
    assert by_row(predictions, 2) == rows


@pytest.mark.parametrize(
    ("predictions", "expected", "detail"),
    [
        ([1], [1, 1], "2 rows didn't give 2 predictions"),
        ("all", [1, 1], "2 rows didn't give 2 predictions"),
        ([1, 1], [1.0, float("nan")], "the model gives predictions that aren't finite"),
        (["a", "b"], ["a", "c"], "the predictions differ from those of the evaluation"),
    ],
)
def test_fails_smoke_when_the_scorer_gives(answering, predictions, expected, detail):
    scorer = answering(200, json.dumps({"predictions": predictions}).encode())
    found = check_smoke(scorer, [[1], [2]], numpy.array(expected))
    assert found == {"passed": False, "detail": detail}


def test_refuses_to_time_requests_that_fail(answering):
    scorer = answering(500, b'{"error": {"message": "the model failed"}}')
    with pytest.raises(UserError, match="the scorer answered 500 to one row: the model failed"):
        scorer.latency(ROWS, 5, concurrency=2)


def test_refuses_a_scorer_that_stopped_answering(answering):
    with pytest.raises(UserError, match=r"the scorer stopped answering: .*; does it have enough"):
        answering(200, b"<html>").latency(ROWS, 5)


def test_refuses_a_scorer_that_does_not_start(tmp_path, linear):
    pinned = Pinned(str(linear), "churn-model", "2", "sha256:" + "0" * 64)
    with (
        pytest.raises(UserError, match="the scorer didn't start: churn-model version 2 has digest"),
        running_scorer(pinned, ScorerPlace(tmp_path / "cache", "Staging")),
    ):
        pass


def test_waits_for_a_scorer_as_long_as_the_settings_say(tmp_path):
    folder = models.save_with_loader(
        tmp_path / "slow",
        "slow_loader",
        "import time\n\nfrom mlflow.sklearn import _load_pyfunc\n\ntime.sleep(4)\n",
    )
    pinned = Pinned(str(folder), "churn-model", "2", digest_of_folder(folder))
    started = time.monotonic()
    with (
        pytest.raises(
            UserError,
            match=r"wasn't ready after 2 s \(tollgate:scorer\.startTimeoutSeconds\); give it longer",
        ),
        running_scorer(pinned, ScorerPlace(tmp_path / "cache", "Staging", (), 2)),
    ):
        pass
    assert time.monotonic() - started < 30
    with running_scorer(pinned, ScorerPlace(tmp_path / "cache", "Staging", (), 120)) as scorer:
        assert scorer.predict(ROWS)[0] == 200
