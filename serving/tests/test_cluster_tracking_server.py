"""The MLflow server of a cluster as a process, on real PostgreSQL and S3."""

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import boto3
import pytest
from entries import run_entry
from postgres_server import (
    PASSWORD,
    PostgresServer,
    engine_of,
    execute,
    make_schema_of,
    revision_of,
)
from servers import SERVING, ask, eventually, free_port
from store_server import SECRET_KEY, StoreServer
from tollgate_serving.cluster.schema import latest_revision
from tollgate_serving.errors import UserError
from tollgate_serving.mlflow_server import ensure_bucket

OLD = "3500859a5d39"
NAMES = "tracking-server,tracking-server:*,127.0.0.1:*"


@pytest.fixture(scope="module")
def postgres(scratch):
    server = PostgresServer(scratch / "tracking-postgres")
    yield server
    server.stop()


@pytest.fixture(scope="module")
def store(scratch):
    server = StoreServer(scratch / "tracking-store")
    yield server
    server.stop()


@pytest.fixture
def url(postgres):
    postgres.empty()
    return postgres.url()


class Server:
    """The entry, with nothing of our own environment that could help it."""

    def __init__(self, folder, *arguments, **environment):
        self.port = free_port()
        self.log = folder / "server.log"
        self.home = folder / "home"
        self.home.mkdir()
        command = [sys.executable, "-m", "tollgate_serving.cluster.tracking_server"]
        command += ["--host", "127.0.0.1", "--port", str(self.port), *arguments]
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(
                command,
                cwd=self.home,
                env={
                    "PYTHONPATH": str(SERVING),
                    "PATH": os.environ["PATH"],
                    "HOME": str(self.home),
                    "TMPDIR": str(self.home),
                    "MLFLOW_SERVER_ALLOWED_HOSTS": NAMES,
                    **environment,
                },
                stdout=log,
                stderr=log,
            )

    def wait_until_healthy(self):
        eventually(self._healthy, 180, 0.2)

    def _healthy(self):
        assert self.process.poll() is None, self.log.read_text()
        with contextlib.suppress(OSError):
            return ask(self.port, "GET", "/health")[0] == 200
        return False


@contextlib.contextmanager
def tracking_server(folder, *arguments, **environment):
    server = Server(folder, *arguments, **environment)
    try:
        yield server
    finally:
        server.process.kill()
        server.process.wait()


@pytest.fixture(scope="module")
def running(postgres, store, scratch):
    """One server for the tests that only ask it."""
    folder = scratch / "tracking-server"
    folder.mkdir()
    postgres.empty()
    environment = {"MLFLOW_BACKEND_STORE_URI": postgres.url(), **store.environment}
    with tracking_server(folder, "--artifacts", "s3://churn-models", **environment) as server:
        server.wait_until_healthy()
        yield server


CLIENT = """
import mlflow
with mlflow.start_run() as run:
    mlflow.log_text("bytes of a model", "model.txt")
client = mlflow.MlflowClient()
client.create_registered_model("churn-model")
client.create_model_version("churn-model", run.info.artifact_uri, run.info.run_id)
client.transition_model_version_stage("churn-model", "1", "Staging")
print(mlflow.artifacts.load_text(f"runs:/{run.info.run_id}/model.txt"))
"""


def test_keeps_runs_in_postgresql_and_artifacts_in_a_bucket_with_versions(running, store, postgres):
    # Not the whole environment: it may name an experiment that another test chose in another registry.
    done = subprocess.run(
        [sys.executable, "-c", CLIENT],
        env={
            "PATH": os.environ["PATH"],
            "MLFLOW_TRACKING_URI": f"http://127.0.0.1:{running.port}",
        },
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "bytes of a model"
    s3 = store.client()
    assert s3.get_bucket_versioning(Bucket="churn-models")["Status"] == "Enabled"
    keys = [found["Key"] for found in s3.list_objects_v2(Bucket="churn-models")["Contents"]]
    assert any(key.endswith("/artifacts/model.txt") for key in keys)
    assert revision_of(postgres.url()) == latest_revision()


def test_never_sends_clients_to_the_bucket(running):
    url = f"http://127.0.0.1:{running.port}/api/3.0/mlflow/server-info"
    with urllib.request.urlopen(url, timeout=60) as answer:
        info = json.load(answer)
    assert info["multipart_uploads_enabled"] is False
    assert info["multipart_downloads_enabled"] is False
    assert info["model_artifact_presigned_downloads_supported"] is False


def test_answers_to_the_names_it_is_given_and_to_no_other(running):
    def status(host):
        body = {"max_results": 1}
        path = "/api/2.0/mlflow/experiments/search"
        headers = {"content-type": "application/json", "host": host}
        return ask(running.port, "POST", path, body, headers)[0]

    assert [status("tracking-server:5000"), status("127.0.0.1:40001")] == [200, 200]
    assert status("tracking-server.somebody.example") == 403
    # A probe goes to the pod's address.
    assert ask(running.port, "GET", "/health", headers={"host": "10.244.0.7:5000"})[0] == 200


def test_shows_its_secrets_in_no_argument_and_no_log_and_is_one_process(running):
    arguments = Path(f"/proc/{running.process.pid}/cmdline").read_text()
    for secret in (PASSWORD, SECRET_KEY):
        assert secret not in arguments
        assert secret not in running.log.read_text()
    told = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(running.process.pid)], capture_output=True, text=True
    )
    assert told.stdout == ""


def test_leaves_a_bucket_alone_that_is_there(store):
    s3 = store.client()
    s3.create_bucket(Bucket="of-others")
    s3.put_object(Bucket="of-others", Key="a", Body=b"1")
    # As a run leaves it that was killed in the middle.
    s3.create_bucket(Bucket="half-made")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in store.environment.items():
            patch.setenv(name, value)
        for bucket in ("of-others", "half-made"):
            ensure_bucket(store.endpoint, bucket, 5)
        assert "Status" not in s3.get_bucket_versioning(Bucket="of-others")
        assert s3.get_bucket_versioning(Bucket="half-made")["Status"] == "Enabled"
        patch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
        # It keeps the keys of its first client.
        patch.setattr(boto3, "DEFAULT_SESSION", None)
        with pytest.raises(UserError) as refused:
            ensure_bucket(store.endpoint, "churn-models", 5)
    said = str(refused.value)
    assert said.startswith(f"the bucket churn-models at {store.endpoint} can't be used (")
    assert said.endswith("; check the keys and what they may do, or make the bucket.")
    assert "hunter2" not in said


def test_keeps_the_connection_of_a_client_that_does_something_else_meanwhile(running):
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", running.port)) as connection:
        for pause in (0, 7):
            # Longer than a web server waits that isn't told otherwise.
            time.sleep(pause)
            connection.request("GET", "/health")
            assert connection.getresponse().read() == b"OK"
            # Else the second request would have made another one.
            assert connection.sock is not None


def test_runs_on_a_file_and_a_folder_and_ends_by_sigterm_though_a_request_hangs(tmp_path):
    database, artifacts = tmp_path / "mlflow.db", tmp_path / "artifacts"
    environment = {"MLFLOW_BACKEND_STORE_URI": f"sqlite:///{database}"}
    with tracking_server(tmp_path, "--artifacts", f"file://{artifacts}", **environment) as server:
        server.wait_until_healthy()
        assert revision_of(f"sqlite:///{database}") == latest_revision()
        with socket.create_connection(("127.0.0.1", server.port)) as hanging:
            head = "POST /api/2.0/mlflow/experiments/create HTTP/1.1\r\nHost: 127.0.0.1:1\r\n"
            head += "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
            hanging.sendall(head.encode())
            server.process.send_signal(signal.SIGTERM)
            assert server.process.wait(25) == 0
    assert artifacts.is_dir()


def entry(url, *arguments, **environment):
    done = run_entry(
        "cluster.tracking_server",
        *("--host", "127.0.0.1", "--port", str(free_port()), *arguments),
        MLFLOW_BACKEND_STORE_URI=url,
        **environment,
    )
    assert "Traceback" not in done.stderr and PASSWORD not in done.stderr
    return done.returncode, done.stderr.strip().splitlines()[-1]


NOW = ("--artifacts", "s3://churn-models", "--wait-seconds", "0")


def test_refuses_an_older_schema_which_wants_a_backup_first(url):
    make_schema_of(url, OLD)
    address = url.rpartition("@")[2]
    assert entry(url, *NOW) == (
        1,
        f"the database {address} is at revision {OLD}, and this MLflow needs {latest_revision()}; "
        "make a backup and run `python -m tollgate_serving.cluster.migrate`.",
    )
    assert revision_of(url) == OLD


def test_refuses_a_newer_schema_at_once(url):
    execute(
        url,
        "CREATE TABLE alembic_version (version_num varchar(32))",
        "INSERT INTO alembic_version VALUES ('ffff00000000')",
    )
    code, said = entry(url, "--artifacts", "s3://churn-models")
    assert code == 1
    assert said.startswith("forward only: the database ")


def test_refuses_a_database_or_a_store_that_does_not_answer(tmp_path):
    nobody = f"127.0.0.1:{free_port()}"
    code, said = entry(f"postgresql://mlflow:{PASSWORD}@{nobody}/mlflow", *NOW)
    assert code == 1
    assert said.startswith(f"the database {nobody}/mlflow can't be used after 0 s (")
    environment = {
        "MLFLOW_S3_ENDPOINT_URL": f"http://{nobody}",
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "hunter2",
    }
    code, said = entry(f"sqlite:///{tmp_path}/mlflow.db", *NOW, **environment)
    assert code == 1
    assert said.startswith(f"the artifact store at http://{nobody} doesn't answer after 0 s (")
    assert said.endswith("; see its log.")


def test_refuses_artifacts_of_another_kind_with_code_64(tmp_path):
    code, said = entry(f"sqlite:///{tmp_path}/mlflow.db", "--artifacts", "gs://bucket")
    assert code == 64
    assert said.endswith("'gs://bucket' is neither s3://bucket nor file:///folder")


def test_ends_at_once_when_asked_to_while_it_waits_for_its_database(tmp_path):
    url = f"postgresql://mlflow:{PASSWORD}@127.0.0.1:{free_port()}/mlflow"
    environment = {"MLFLOW_BACKEND_STORE_URI": url}
    with tracking_server(tmp_path, "--artifacts", "s3://b", **environment) as server:
        eventually(lambda: "psycopg2" in Path(f"/proc/{server.process.pid}/maps").read_text())
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(20) == 0


def test_two_servers_on_one_empty_database_make_its_schema_once(url, store, tmp_path):
    environment = {"MLFLOW_BACKEND_STORE_URI": url, **store.environment}
    folders = [tmp_path / "a", tmp_path / "b"]
    with contextlib.ExitStack() as stack:
        for folder in folders:
            folder.mkdir()
        both = [
            stack.enter_context(
                tracking_server(folder, "--artifacts", "s3://churn-models", **environment)
            )
            for folder in folders
        ]
        for server in both:
            server.wait_until_healthy()
    with engine_of(url).connect() as connection:
        found = connection.exec_driver_sql("SELECT count(*) FROM alembic_version").scalar()
    assert found == 1
