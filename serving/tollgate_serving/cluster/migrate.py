"""Makes MLflow's schema in an empty database, or brings an older one up to this MLflow's by MLflow's own migrations.

Forward only: MLflow has no way back, so make a backup first. A database that is up to date is left alone. Runs at the
same time wait for one another. Prints one line of JSON with the revisions before and after.

The database's address is in MLFLOW_BACKEND_STORE_URI. Exit codes: 0 the schema is this MLflow's, 1 it isn't and the
last line says why, 64 usage, 143 asked to stop.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from tollgate_serving.arguments import Parser
from tollgate_serving.cluster.database import database_url, open_database, shown
from tollgate_serving.cluster.schema import (
    Schema,
    latest_revision,
    migrations_between,
    read_schema,
)
from tollgate_serving.ending import end_on_request, pause
from tollgate_serving.errors import UserError
from tollgate_serving.fetch import one_line
from tollgate_serving.logs import configure, logger
from tollgate_serving.quiet import quiet_mlflow

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

#: Number of PostgreSQL's advisory lock that a migration holds; the letters of "tollgate" as bytes.
LOCK = int.from_bytes(b"tollgate")


def migrate(engine: Engine) -> tuple[Schema, Schema]:
    """Brings the schema up to this MLflow's; gives it as it was and as it is. Raises UserError."""
    with _alone(engine):
        before = read_schema(engine)
        if not before.is_current:
            _bring_forward(engine, before)
        return before, read_schema(engine)


def _bring_forward(engine: Engine, before: Schema) -> None:
    from mlflow.store.db import utils

    # What `mlflow db upgrade` calls; its command line would show the password in the list of processes.
    forward = utils._initialize_tables if before.revision is None else utils._upgrade_db
    try:
        forward(engine)
    except Exception as error:
        now = read_schema(engine).revision
        raise UserError(
            f"the schema of {shown(engine.url)} can't be brought from {before.revision or 'nothing'} to "
            f"{latest_revision()} and is at {now or 'nothing'} ({one_line(error)}); "
            "mend the cause and run the migration again, or restore the backup."
        ) from error


@contextlib.contextmanager
def _alone(engine: Engine) -> Iterator[None]:
    """Only one migration of a database at a time; the others wait here."""
    from sqlalchemy import text

    if engine.url.drivername == "sqlite":
        folder = os.open(Path(str(engine.url.database)).resolve().parent, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)
        return
    with engine.begin() as guard:
        # Asked again and again, as a call that waits inside the database's client hears no signal. Held by a
        # transaction and not by a session, so that it works behind a connection pooler.
        waiting = False
        while not guard.scalar(text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": LOCK}):
            if not waiting:
                logger.info("another migration of this database is under way; waiting for it")
            waiting = True
            pause(0.3)
        yield


def main(arguments: list[str]) -> int:
    options = _options(arguments)
    configure("INFO")
    quiet_mlflow()
    end_on_request()
    try:
        url = database_url()
        before, after = migrate(open_database(url, options.wait_seconds))
    except UserError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    print(json.dumps(report(shown(url), before, after)))
    return 0


def report(database: str, before: Schema, after: Schema) -> dict[str, str | int | None]:
    """What is printed; ``from`` is null for a database that had no schema."""
    from mlflow.version import VERSION

    return {
        "database": database,
        "mlflow": VERSION,
        "from": before.revision,
        "to": after.revision,
        "migrations": migrations_between(before.revision, after.revision),
    }


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = Parser(prog="python -m tollgate_serving.cluster.migrate", description=__doc__)
    parser.add_argument(
        "--wait-seconds", type=float, default=60, help="for the database to accept connections"
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
