"""``python -m tollgate_serving.fetch`` as a process: it fills the cache that a scorer beside it reads."""

import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import models
import pytest
from entries import run_entry, run_entry_here
from servers import SERVING, ask, eventually, free_port, scorer_process
from tollgate_serving.cache import MODEL_FOLDER
from tollgate_serving.digest import digest_of_folder

OTHER = "sha256:" + "0" * 64
MODEL = ("--model", "churn-model", "--version", "1")


@pytest.fixture(scope="module")
def registered(mlflow_server):
    """A model's version 1 in a real registry: its address and digest."""
    import mlflow
    from sklearn.linear_model import LogisticRegression

    features, label = models.table()
    mlflow.set_experiment("fetch")
    with mlflow.start_run():
        mlflow.sklearn.log_model(
            LogisticRegression().fit(features, label),
            name="model",
            registered_model_name="fetched-model",
            pip_requirements=models.REQUIREMENTS,
        )
    uri = "models:/fetched-model/1"
    return uri, digest_of_folder(_downloaded(uri))


def _downloaded(uri):
    from mlflow.artifacts import download_artifacts

    return Path(download_artifacts(artifact_uri=uri))


def fetch(cache, uri, digest, run=run_entry_here, **environment):
    pin = ("--model-uri", str(uri), *MODEL, "--digest", digest)
    done = run("fetch", *pin, "--cache", str(cache), **environment)
    assert "Traceback" not in done.stderr
    return done


def started(cache, uri, digest, **environment):
    command = [sys.executable, "-m", "tollgate_serving.fetch", "--model-uri", str(uri), *MODEL]
    return subprocess.Popen(
        [*command, "--digest", digest, "--cache", str(cache)],
        env={**os.environ, "PYTHONPATH": str(SERVING), **environment},
        stderr=subprocess.PIPE,
        text=True,
    )


def hex_of(digest):
    return digest.removeprefix("sha256:")


def test_fetches_from_a_registry_what_a_scorer_serves_when_the_registry_is_gone(
    registered, tmp_path
):
    uri, digest = registered
    cache = tmp_path / "cache"
    done = fetch(cache, uri, digest, run=run_entry)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stderr.splitlines()[-1])
    assert (told["message"], told["digest"], told["folder"]) == (
        "fetched",
        digest,
        str(cache / hex_of(digest) / "model"),
    )
    assert told["bytes"] > 1000
    assert os.listdir(cache) == [hex_of(digest)]
    assert digest_of_folder(cache / hex_of(digest) / "model") == digest
    silent = f"http://127.0.0.1:{free_port()}"
    with scorer_process(tmp_path, uri, digest, MLFLOW_TRACKING_URI=silent) as scorer:
        scorer.wait_until_ready()
        assert ask(scorer.port, "GET", "/version")[1]["digest"] == digest


def test_asks_nobody_for_what_is_in_the_cache(linear, tmp_path):
    digest = digest_of_folder(linear)
    shutil.copytree(linear, tmp_path / hex_of(digest) / "model")
    silent = f"http://127.0.0.1:{free_port()}"
    done = fetch(tmp_path, "models:/absent/1", digest, MLFLOW_TRACKING_URI=silent)
    assert done.returncode == 0, done.stderr


def test_refuses_other_bytes_with_code_3_and_keeps_none_of_them(linear, tmp_path):
    done = fetch(tmp_path, linear, OTHER)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == (
        f"churn-model version 1 has digest {digest_of_folder(linear)}, but {OTHER} is pinned; "
        "restore its bytes, or evaluate and pin it again.\n"
    )
    assert os.listdir(tmp_path) == []


def test_refuses_a_version_that_cannot_be_downloaded_with_code_4_and_hides_the_password(tmp_path):
    address = f"127.0.0.1:{free_port()}"
    environment = {
        "MLFLOW_TRACKING_URI": f"http://user:hunter2@{address}",
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
    }
    done = fetch(tmp_path, "models:/churn-model/1", OTHER, **environment)
    assert done.returncode == 4
    said = done.stderr.splitlines()[-1]
    assert said.startswith(f"churn-model version 1 can't be downloaded from http://{address}: ")
    assert said.endswith("; check that the registry answers and that the version exists.")
    assert "hunter2" not in done.stderr
    assert os.listdir(tmp_path) == []


def test_refuses_a_digest_of_another_form_with_code_64(tmp_path):
    done = fetch(tmp_path, "models:/m/1", "sha256:abc")
    assert done.returncode == 64
    assert "'sha256:abc' is not sha256: and 64 lower-case hexadecimal digits" in done.stderr


def test_two_at_once_leave_the_bytes_once(linear, tmp_path):
    digest = digest_of_folder(linear)
    runs = [started(tmp_path, linear, digest) for _ in range(2)]
    ended = [(run.communicate(timeout=60)[1], run.returncode) for run in runs]
    assert [code for _, code in ended] == [0, 0], ended
    assert os.listdir(tmp_path) == [hex_of(digest)]


def test_removes_what_a_killed_download_left_and_nothing_of_one_under_way(linear, tmp_path):
    digest = digest_of_folder(linear)
    left, under_way = tmp_path / f"{hex_of(OTHER)}.part-1", tmp_path / f"{hex_of(OTHER)}.part-2"
    for part in (left, under_way):
        part.mkdir()
        (part / "model.pkl").write_text("half")
    lock = os.open(under_way, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    assert fetch(tmp_path, linear, digest).returncode == 0
    os.close(lock)
    assert sorted(os.listdir(tmp_path)) == sorted([hex_of(digest), under_way.name])


def test_ends_at_once_when_asked_to_during_a_download(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        registry = f"http://127.0.0.1:{silent.getsockname()[1]}"
        run = started(tmp_path, "models:/m/1", OTHER, MLFLOW_TRACKING_URI=registry)
        connection, _ = silent.accept()
        eventually(lambda: len(os.listdir(tmp_path)) == 1)
        run.send_signal(signal.SIGTERM)
        assert run.wait(20) == 143
        connection.close()
    run.communicate()
    assert os.listdir(tmp_path) == []


def test_refuses_a_cache_that_is_no_folder(linear, tmp_path):
    (tmp_path / "file").write_text("")
    done = fetch(tmp_path / "file" / "cache", linear, digest_of_folder(linear))
    assert done.returncode == 4
    assert done.stderr == (
        f"churn-model version 1 can't be kept in {tmp_path}/file/cache: Not a directory; "
        "make the folder writable or give another.\n"
    )


def test_removes_what_the_digest_leaves_out(tmp_path):
    """Also from a cache that an older Tollgate filled."""
    model = models.save_linear(tmp_path / "model")
    digest = digest_of_folder(model)
    cache = tmp_path / "cache"
    (model / "registered_model_meta").write_text("model_name: churn\n")
    for _ in range(2):
        done = fetch(cache, model, digest)
        assert done.returncode == 0, done.stderr
        kept = cache / hex_of(digest) / MODEL_FOLDER
        assert not (kept / "registered_model_meta").exists()
        assert digest_of_folder(kept) == digest
        (kept / "registered_model_meta").symlink_to("/etc/hostname")


def test_refuses_a_folder_that_the_digest_would_leave_out(tmp_path):
    model = models.save_linear(tmp_path / "model")
    (model / "registered_model_meta").mkdir()
    (model / "registered_model_meta" / "a").write_text("a")
    done = fetch(tmp_path / "cache", model, digest_of_folder(model))
    assert done.returncode == 3
    assert "has a folder registered_model_meta" in done.stderr
    assert [each.name for each in (tmp_path / "cache").iterdir()] == []
