"""How a scorer ends: what it still answers, and for how long it stays."""

import contextlib
import http.client
import signal
import threading
import time

import models
import pytest
from servers import ask, eventually, scorer_process
from tollgate_serving.digest import digest_of_folder


@pytest.fixture(scope="module")
def scripted(scratch):
    return models.save_scripted(scratch / "ending")


def _taking(seconds):
    """A request whose answer takes so long."""
    return {"features": [[-4, seconds]]}


def _in_flight(port):
    text = ask(port, "GET", "/metrics")[1]
    line = next(line for line in text.splitlines() if line.startswith("tollgate_scorer_in_flight{"))
    return float(line.rpartition(" ")[2])


@pytest.mark.parametrize(("allowed", "answered"), [(60, [200]), (1, [])])
def test_what_is_begun_gets_as_long_as_an_answer_may_take(scripted, tmp_path, allowed, answered):
    digest = digest_of_folder(scripted)
    with scorer_process(
        tmp_path, str(scripted), digest, "--answer-seconds", str(allowed)
    ) as scorer:
        scorer.wait_until_ready()
        found = []

        def slow():
            with contextlib.suppress(OSError, http.client.HTTPException):
                found.append(ask(scorer.port, "POST", "/predict", _taking(12))[0])

        caller = threading.Thread(target=slow)
        caller.start()
        eventually(lambda: _in_flight(scorer.port) >= 2)
        scorer.process.send_signal(signal.SIGTERM)
        assert scorer.process.wait(90) == 0
        caller.join()
    assert [status for status in found if status == 200] == answered


def test_a_model_that_hangs_on_what_nobody_waits_for_keeps_no_scorer(scripted, tmp_path):
    digest = digest_of_folder(scripted)
    with scorer_process(tmp_path, str(scripted), digest, "--answer-seconds", "600") as scorer:
        scorer.wait_until_ready()
        caller = http.client.HTTPConnection("127.0.0.1", scorer.port)
        body = b'{"features": [[-4, 600]]}'
        caller.request("POST", "/predict", body, {"content-type": "application/json"})
        eventually(lambda: _in_flight(scorer.port) >= 2)
        caller.close()
        started = time.monotonic()
        scorer.process.send_signal(signal.SIGTERM)
        assert scorer.process.wait(90) == 0
        assert time.monotonic() - started < 60


def test_refuses_no_time_at_all(scripted, tmp_path):
    with scorer_process(tmp_path, str(scripted), "sha256:0", "--answer-seconds", "0") as scorer:
        code, sentence = scorer.end()
    assert code == 64
    assert sentence.endswith("--answer-seconds must be more than 0")
