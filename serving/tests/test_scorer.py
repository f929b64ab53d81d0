"""The scorer as a process: what it serves, what it refuses to serve, how it ends."""

import contextlib
import shutil
import signal
import socket
import threading
import time

import models
import pytest
from servers import ask, eventually, free_port, scorer_process
from tollgate_serving.digest import digest_of_folder
from tollgate_serving.server import DRAIN_SECONDS

ROW = [0.5] * 10
OTHER = "sha256:" + "0" * 64


@pytest.fixture(scope="module")
def registered(mlflow_server):
    """churn-model version 2 in a real registry: its address and digest."""
    import mlflow
    from mlflow.models import infer_signature
    from sklearn.linear_model import LogisticRegression

    features, label = models.table()
    mlflow.set_experiment("scorer")
    for _ in range(2):
        with mlflow.start_run():
            mlflow.sklearn.log_model(
                LogisticRegression().fit(features, label),
                name="model",
                registered_model_name="churn-model",
                signature=infer_signature(features, label),
                pip_requirements=models.REQUIREMENTS,
            )
    uri = "models:/churn-model/2"
    return uri, digest_of_folder(_download(uri))


def _download(uri):
    from pathlib import Path

    from mlflow.artifacts import download_artifacts

    return Path(download_artifacts(uri))


def test_serves_the_registered_version_and_restarts_without_the_registry(registered, tmp_path):
    uri, digest = registered
    facts = {"stage": "Staging", "model": "churn-model", "version": "2", "digest": digest}
    with scorer_process(tmp_path, uri, digest) as scorer:
        eventually(lambda: _status(scorer.port, "/health") == 503)
        assert ask(scorer.port, "GET", "/health")[1] == {"status": "starting", **facts}
        assert ask(scorer.port, "POST", "/predict", {"features": [ROW]})[0] == 503
        scorer.wait_until_ready()
        assert ask(scorer.port, "GET", "/health")[1] == {"status": "ok", **facts}
        first = ask(scorer.port, "POST", "/predict", {"features": [ROW]})[1]
        assert first["model_version"] == "2" and len(first["predictions"]) == 1
        assert all(record["version"] == "2" for record in scorer.records())
    kept = [path.name for path in (tmp_path / "cache").iterdir()]
    assert kept == [digest.removeprefix("sha256:")]
    silent = f"http://127.0.0.1:{free_port()}"
    with scorer_process(tmp_path, uri, digest, MLFLOW_TRACKING_URI=silent) as scorer:
        scorer.wait_until_ready()
        assert ask(scorer.port, "POST", "/predict", {"features": [ROW]})[1] == first


def _status(port, path):
    with contextlib.suppress(OSError):
        return ask(port, "GET", path)[0]


def test_refuses_other_bytes_than_the_pinned(registered, tmp_path):
    uri, digest = registered
    with scorer_process(tmp_path, uri, OTHER) as scorer:
        code, sentence = scorer.end()
    assert code == 3
    assert sentence == (
        f"churn-model version 2 has digest {digest}, but {OTHER} is pinned; "
        "restore its bytes, or evaluate and pin it again."
    )
    assert [path for path in (tmp_path / "cache").rglob("*") if path.is_file()] == []


def test_refuses_an_altered_cache_and_downloads_again(linear, tmp_path):
    digest = digest_of_folder(linear)
    cached = tmp_path / "cache" / digest.removeprefix("sha256:") / "model"
    shutil.copytree(linear, cached)
    (cached / "MLmodel").write_text("altered")
    with scorer_process(tmp_path, str(linear), digest) as scorer:
        scorer.wait_until_ready()
        messages = [record["message"] for record in scorer.records()]
    assert "the cached model was altered, downloading it again" in messages
    assert digest_of_folder(cached) == digest


def test_refuses_a_version_it_cannot_download_and_hides_the_password(linear, tmp_path):
    uri = f"http://user:hunter2@127.0.0.1:{free_port()}"
    environment = {"MLFLOW_TRACKING_URI": uri, "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"}
    with scorer_process(tmp_path, "models:/churn-model/2", OTHER, **environment) as scorer:
        code, sentence = scorer.end()
        log = scorer.log.read_text()
    assert code == 4
    assert sentence.startswith("churn-model version 2 can't be downloaded from http://127.0.0.1:")
    assert sentence.endswith("; check that the registry answers and that the version exists.")
    assert "hunter2" not in log and "Traceback" not in log


def test_refuses_a_model_whose_package_is_missing_and_names_it(scratch, tmp_path):
    folder = models.save_lacking(scratch / "lacking")
    with scorer_process(tmp_path, str(folder), digest_of_folder(folder)) as scorer:
        code, sentence = scorer.end()
    assert code == 5
    assert sentence == (
        "churn-model version 2 can't be loaded: the package absent_forest isn't installed; "
        "add it to the locked requirements (tollgate:python.requirements)."
    )


def test_refuses_a_port_that_is_taken(linear, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        port = stranger.getsockname()[1]
        scorer = _on_port(tmp_path, linear, port)
        code, sentence = scorer
    assert code == 1
    assert sentence == (
        f"the scorer can't listen on 127.0.0.1:{port}: Address already in use; "
        "stop what holds the port or set another."
    )


def _on_port(folder, model, port):
    import os
    import subprocess
    import sys

    from servers import SERVING

    command = [sys.executable, "-m", "tollgate_serving.scorer", "--model-uri", str(model)]
    command += ["--model", "churn-model", "--version", "2", "--digest", OTHER, "--stage", "None"]
    command += ["--port", str(port), "--cache", str(folder), "--log-level", "ERROR"]
    environment = {**os.environ, "PYTHONPATH": str(SERVING)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stderr.strip()


def test_sigterm_loses_no_request(scratch, tmp_path):
    folder = models.save_scripted(scratch / "draining")
    with scorer_process(tmp_path, str(folder), digest_of_folder(folder)) as scorer:
        scorer.wait_until_ready()
        answers = []

        def slow():
            answers.append(ask(scorer.port, "POST", "/predict", {"features": [[-3, 5]]}))

        callers = [threading.Thread(target=slow) for _ in range(3)]
        for caller in callers:
            caller.start()
        eventually(lambda: _in_flight(scorer.port) >= 4)
        signalled, late = time.monotonic(), []
        scorer.process.send_signal(signal.SIGTERM)
        # Requests that come after the signal, while a router still believes in us.
        with contextlib.suppress(ConnectionRefusedError, ConnectionResetError):
            while True:
                late.append(ask(scorer.port, "GET", "/health"))
        assert time.monotonic() - signalled >= DRAIN_SECONDS
        for caller in callers:
            caller.join()
        assert scorer.process.wait(20) == 0
    assert [(status, document["predictions"]) for status, document, _ in answers] == [
        (200, [2.0])
    ] * 3
    assert {status for status, _, _ in late} == {200}
    stopping = [
        headers["connection"] for _, document, headers in late if document["status"] == "stopping"
    ]
    assert stopping and set(stopping) == {"close"}


def _in_flight(port):
    text = ask(port, "GET", "/metrics")[1]
    line = next(line for line in text.splitlines() if line.startswith("tollgate_scorer_in_flight{"))
    return float(line.rpartition(" ")[2])


def test_sigterm_while_loading_ends_at_once(linear, tmp_path):
    with scorer_process(tmp_path, str(linear), digest_of_folder(linear)) as scorer:
        eventually(lambda: _status(scorer.port, "/ready") == 503)
        started = time.monotonic()
        scorer.process.send_signal(signal.SIGTERM)
        assert scorer.process.wait(20) == 0
        # Far less than a load takes.
        assert time.monotonic() - started < 5


def test_logs_are_json_at_the_level_given_with_the_trace_of_a_failure(scratch, tmp_path):
    folder = models.save_scripted(scratch / "logging")
    with scorer_process(tmp_path, str(folder), digest_of_folder(folder)) as scorer:
        scorer.wait_until_ready()
        ask(scorer.port, "POST", "/predict", {"features": [[-1, 0]]})
        eventually(lambda: any("trace" in record for record in scorer.records()), 5)
        records = scorer.records()
    failure = next(record for record in records if "trace" in record)
    assert failure["level"] == "ERROR" and "ValueError" in failure["trace"]
    access = [record for record in records if record["message"] == "request"]
    assert {"method", "route", "code", "ms"} <= set(access[0])
    assert failure["model"] == "churn-model" and failure["version"] == "2"
