"""Migrations of MLflow's database, on real PostgreSQL and SQLite, from schemas that MLflow's own migrations made."""

import json
import subprocess
import sys

import pytest
import sqlalchemy
from entries import run_entry, run_entry_here
from postgres_server import (
    PASSWORD,
    PostgresServer,
    engine_of,
    execute,
    make_initial_tables,
    make_schema_of,
    revision_of,
)
from servers import SERVING, free_port
from tollgate_serving.cluster.migrate import LOCK
from tollgate_serving.cluster.schema import latest_revision

#: MLflow 2.3: registered models had got their aliases; traces, logged models and webhooks were to come.
OLD = "3500859a5d39"
#: The one after it.
NEXT = "7f2a7d5fae7d"


@pytest.fixture(scope="module")
def postgres(scratch):
    server = PostgresServer(scratch / "migrate-postgres")
    yield server
    server.stop()


@pytest.fixture(params=["postgresql", "sqlite"])
def url(request, tmp_path):
    """An empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/mlflow.db"
    server = request.getfixturevalue("postgres")
    server.empty()
    return server.url()


@pytest.fixture
def postgres_url(postgres):
    postgres.empty()
    return postgres.url()


def migrate(url, *arguments, run=run_entry_here):
    done = run("cluster.migrate", *arguments, MLFLOW_BACKEND_STORE_URI=url)
    assert PASSWORD not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done


def report(done):
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def sentence(done):
    assert (done.returncode, done.stdout) == (1, "")
    return done.stderr.strip().splitlines()[-1]


def shown(url):
    return url.removeprefix("sqlite:///").rpartition("@")[2]


def test_gives_an_empty_database_this_mlflows_schema_and_leaves_it_alone_the_second_time(url):
    import mlflow

    latest = latest_revision()
    first = report(migrate(url, run=run_entry))
    assert first == {
        "database": shown(url),
        "mlflow": mlflow.__version__,
        "from": None,
        "to": latest,
        "migrations": first["migrations"],
    }
    assert first["migrations"] > 60
    assert revision_of(url) == latest
    assert report(migrate(url)) == {**first, "from": latest, "migrations": 0}


def test_brings_an_old_schema_forward_with_what_is_in_it(url):
    from mlflow import MlflowClient

    make_schema_of(url, OLD)
    execute(
        url,
        "INSERT INTO registered_models (name, creation_time) VALUES ('churn-model', 1)",
        "INSERT INTO model_versions (name, version, creation_time, current_stage, status)"
        " VALUES ('churn-model', 7, 2, 'Production', 'READY')",
        "INSERT INTO registered_model_aliases (name, alias, version) VALUES ('churn-model', 'champion', 7)",
    )
    told = report(migrate(url))
    assert (told["from"], told["to"]) == (OLD, latest_revision())
    assert 0 < told["migrations"] < 67
    client = MlflowClient(tracking_uri=url.replace("postgresql://", "postgresql+psycopg2://"))
    version = client.get_model_version_by_alias("churn-model", "champion")
    assert (version.version, version.current_stage) == (7, "Production")


def test_goes_on_where_a_first_run_was_killed_before_its_first_migration_ended(url):
    make_initial_tables(url)
    told = report(migrate(url))
    assert (told["from"], told["to"]) == (None, latest_revision())


def test_refuses_a_schema_of_a_newer_mlflow(url):
    import mlflow

    report(migrate(url))
    execute(url, "UPDATE alembic_version SET version_num = 'ffff00000000'")
    assert sentence(migrate(url)) == (
        f"forward only: the database {shown(url)} is at revision ffff00000000, which MLflow "
        f"{mlflow.__version__} doesn't know; run the newer MLflow that made it, or restore the backup from before."
    )
    assert revision_of(url) == "ffff00000000"


def test_refuses_a_database_with_somebody_elses_tables_and_changes_nothing(url):
    execute(url, "CREATE TABLE invoices (number integer)", "CREATE TABLE orders (number integer)")
    assert sentence(migrate(url)) == (
        f"the database {shown(url)} holds tables that aren't MLflow's (invoices, orders); "
        "give MLflow a database of its own in MLFLOW_BACKEND_STORE_URI."
    )
    assert sorted(sqlalchemy.inspect(engine_of(url)).get_table_names()) == ["invoices", "orders"]


def test_refuses_to_call_a_migration_done_that_failed_and_changes_nothing_on_postgresql(
    postgres_url,
):
    make_schema_of(postgres_url, OLD)
    execute(postgres_url, "CREATE TABLE trace_info (number integer)")
    said = sentence(migrate(postgres_url))
    assert said.startswith(
        f"the schema of {shown(postgres_url)} can't be brought from {OLD} to {latest_revision()} and is at {OLD} ("
    )
    assert 'relation "trace_info" already exists' in said
    assert said.endswith("mend the cause and run the migration again, or restore the backup.")
    assert "datasets" not in sqlalchemy.inspect(engine_of(postgres_url)).get_table_names()
    execute(postgres_url, "DROP TABLE trace_info")
    assert report(migrate(postgres_url))["from"] == OLD


def started(url):
    return subprocess.Popen(
        [sys.executable, "-m", "tollgate_serving.cluster.migrate"],
        env={"PYTHONPATH": str(SERVING), "MLFLOW_BACKEND_STORE_URI": url},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_runs_at_the_same_time_make_the_schema_once(url):
    runs = [started(url) for _ in range(2)]
    ended = [(*run.communicate(timeout=240), run.returncode) for run in runs]
    assert [code for _, _, code in ended] == [0, 0], ended
    told = [json.loads(out) for out, _, _ in ended]
    assert {each["to"] for each in told} == {latest_revision()}
    assert {each["from"] for each in told} == {None, latest_revision()}


def test_waits_for_a_migration_that_is_under_way_and_ends_at_once_when_asked_to(postgres_url):
    with engine_of(postgres_url).begin() as other:
        other.execute(sqlalchemy.text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        run = started(postgres_url)
        told = run.stderr.readline()
        assert json.loads(told)["message"] == (
            "another migration of this database is under way; waiting for it"
        )
        run.terminate()
        assert run.wait(60) == 143
    run.communicate()
    assert sqlalchemy.inspect(engine_of(postgres_url)).get_table_names() == []


def test_waits_for_a_database_that_is_still_starting(scratch):
    # Its port is known before it listens.
    folder = scratch / "migrate-late"
    port = free_port()
    run = started(f"postgresql://mlflow:{PASSWORD}@127.0.0.1:{port}/mlflow")
    server = PostgresServer(folder, port)
    try:
        out, error = run.communicate(timeout=240)
        assert run.returncode == 0, error
        assert json.loads(out)["from"] is None
    finally:
        server.stop()


def test_refuses_a_database_that_does_not_answer():
    url = f"postgresql://mlflow:{PASSWORD}@127.0.0.1:{free_port()}/mlflow"
    said = sentence(migrate(url, "--wait-seconds", "0"))
    assert said.startswith(
        f"the database {shown(url)} can't be used after 0 s (connection to server"
    )
    assert said.endswith(
        "Connection refused); check that it runs, and user and password in MLFLOW_BACKEND_STORE_URI."
    )


def test_refuses_a_wrong_password_without_showing_it(postgres):
    url = postgres.url(password="hunter2")
    done = migrate(url, "--wait-seconds", "0")
    assert 'password authentication failed for user "mlflow"' in sentence(done)
    assert "hunter2" not in done.stderr


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("", "MLFLOW_BACKEND_STORE_URI is not set; give the database's address, "),
        ("hunter2", "MLFLOW_BACKEND_STORE_URI is no address of a database; give one "),
        (
            "mysql://u:hunter2@h/d",
            "MLFLOW_BACKEND_STORE_URI is an address of kind mysql; give one ",
        ),
        ("sqlite://", "MLFLOW_BACKEND_STORE_URI is an address of kind sqlite; give one "),
    ],
)
def test_refuses_an_address_of_another_kind(address, said):
    done = migrate(address)
    assert sentence(done) == (
        f"{said}such as postgresql://user:password@host:5432/name or sqlite:////folder/mlflow.db."
    )
    assert "hunter2" not in done.stderr


def test_refuses_an_argument_it_does_not_know_with_code_64():
    assert migrate("sqlite:////nowhere/m.db", "--backwards").returncode == 64
