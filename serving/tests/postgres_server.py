"""A real PostgreSQL for the tests, and MLflow schemas of earlier days in it."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
from pathlib import Path

import sqlalchemy
from servers import SERVING, eventually, free_port

LAUNCHERS = SERVING.parent / "runtimes" / "local" / "servers"
PASSWORD = "4711-of-the-database"


class PostgresServer:
    """Runtime local's launcher on an empty folder, with the database ``mlflow`` of the role ``mlflow``."""

    def __init__(self, folder: Path, port: int | None = None):
        folder.mkdir(parents=True)
        self.port = port or free_port()
        self.log = folder / "postgres.log"
        password_file = folder / "password"
        password_file.write_text(PASSWORD)
        command = [sys.executable, str(LAUNCHERS / "postgres.py"), "--data", str(folder / "data")]
        command += ["--host", "127.0.0.1", "--port", str(self.port), "--user", "mlflow"]
        command += ["--database", "mlflow", "--password-file", str(password_file)]
        with open(self.log, "w") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        eventually(self._accepts)

    def url(self, password: str = PASSWORD) -> str:
        """As a Secret holds it: with no word on the driver."""
        return f"postgresql://mlflow:{password}@127.0.0.1:{self.port}/mlflow"

    def empty(self) -> None:
        """Drops all that a test left."""
        engine = engine_of(self.url())
        with engine.begin() as connection:
            connection.execute(sqlalchemy.text("DROP SCHEMA public CASCADE"))
            connection.execute(sqlalchemy.text("CREATE SCHEMA public"))

    def stop(self) -> None:
        self._process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(20)
        self._process.kill()
        self._process.wait()

    def _accepts(self) -> bool:
        assert self._process.poll() is None, self.log.read_text()
        with contextlib.suppress(sqlalchemy.exc.OperationalError):
            engine_of(self.url()).connect().close()
            return True
        return False


def engine_of(url: str) -> sqlalchemy.Engine:
    return sqlalchemy.create_engine(
        url.replace("postgresql://", "postgresql+psycopg2://"), poolclass=sqlalchemy.NullPool
    )


def make_initial_tables(url: str) -> None:
    """The tables from before MLflow had migrations, as its own first step makes them."""
    from mlflow.store.tracking.dbmodels.initial_models import Base

    Base.metadata.create_all(engine_of(url))


def make_schema_of(url: str, revision: str) -> None:
    """The schema as MLflow had it at a revision: by its own migrations, up to there."""
    from alembic import command
    from mlflow.store.db.utils import _get_alembic_config

    make_initial_tables(url)
    engine = engine_of(url)
    with engine.begin() as connection:
        config = _get_alembic_config(str(engine.url))
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def execute(url: str, *statements: str) -> None:
    with engine_of(url).begin() as connection:
        for statement in statements:
            connection.execute(sqlalchemy.text(statement))


def revision_of(url: str) -> str | None:
    with engine_of(url).connect() as connection:
        return connection.scalar(sqlalchemy.text("SELECT version_num FROM alembic_version"))
