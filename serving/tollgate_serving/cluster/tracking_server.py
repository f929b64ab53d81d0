"""Waits for its database and its store, then is the MLflow server.

Secrets come as environment: MLFLOW_BACKEND_STORE_URI (the database's address), and for S3 the variables its clients
know (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, MLFLOW_S3_ENDPOINT_URL where it isn't Amazon's). Writes to the folder
for temporary files only, and to the artifacts' folder where that is no bucket.

Exit codes: 0 asked to stop, 1 can't start and the last line says why, 64 usage.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tollgate_serving.access import read_password
from tollgate_serving.arguments import Parser
from tollgate_serving.cluster.database import VARIABLE, database_url, open_database, shown
from tollgate_serving.cluster.migrate import migrate
from tollgate_serving.cluster.schema import latest_revision, read_schema
from tollgate_serving.ending import end_on_request, pause
from tollgate_serving.errors import UserError
from tollgate_serving.mlflow_server import (
    QUIET,
    ensure_bucket,
    keep_transfers_here,
    run_mlflow,
)

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

#: After SIGTERM: how long requests in flight may take, in seconds.
FINISH_SECONDS = 10


def await_schema(engine: Engine, wait_seconds: float) -> None:
    """Returns when the schema is this MLflow's. Makes one in an empty database, but brings no older one forward: that
    wants a backup first, so it is left to the migration.

    :raises UserError: at once when the schema is of a newer MLflow, and after ``wait_seconds`` when it is still older.
    """
    deadline = time.monotonic() + wait_seconds
    while True:
        schema = read_schema(engine)
        if schema.revision is None:
            migrate(engine)
            return
        if schema.is_current:
            return
        if time.monotonic() > deadline:
            raise UserError(
                f"the database {shown(engine.url)} is at revision {schema.revision}, and this MLflow needs "
                f"{latest_revision()}; make a backup and run `python -m tollgate_serving.cluster.migrate`."
            )
        pause(1)


def ensure_artifacts(destination: str, wait_seconds: float) -> None:
    """The folder, or the bucket. Raises UserError when it can't be had."""
    parts = urlsplit(destination)
    if parts.scheme == "s3":
        ensure_bucket(os.environ.get("MLFLOW_S3_ENDPOINT_URL"), parts.netloc, wait_seconds)
        return
    try:
        Path(parts.path).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"the folder {parts.path} can't be made ({error.strerror}); mount a volume there that this user may write."
        ) from error


def main(arguments: list[str]) -> int:
    options = _options(arguments)
    # Until the web server listens for signals itself.
    end_on_request(0)
    os.environ.update(QUIET)
    if options.allowed_hosts:
        os.environ["MLFLOW_SERVER_ALLOWED_HOSTS"] = options.allowed_hosts
    try:
        password = None if options.password_file is None else read_password(options.password_file)
        url = database_url()
        await_schema(open_database(url, options.wait_seconds), options.wait_seconds)
        ensure_artifacts(options.artifacts, options.wait_seconds)
    except UserError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    os.environ[VARIABLE] = url.render_as_string(hide_password=False)
    os.environ["MLFLOW_ARTIFACTS_DESTINATION"] = options.artifacts
    keep_transfers_here()
    run_mlflow(options.host, options.port, FINISH_SECONDS, password)
    return 0


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = Parser(prog="python -m tollgate_serving.cluster.tracking_server", description=__doc__)
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", required=True, type=int)
    parser.add_argument(
        "--artifacts", required=True, type=_destination, help="s3://bucket or file:///folder"
    )
    parser.add_argument(
        "--password-file", type=Path, help="what clients have to send; default: nothing"
    )
    parser.add_argument(
        "--allowed-hosts",
        help="names with ports that clients may call it by, such as tracking-server:5000,localhost:*; "
        "default: MLFLOW_SERVER_ALLOWED_HOSTS, else this machine's and private addresses, but no names",
    )
    parser.add_argument(
        "--wait-seconds", type=float, default=60, help="for database, schema and store, each"
    )
    return parser.parse_args(arguments)


def _destination(text: str) -> str:
    parts = urlsplit(text)
    bucket = parts.scheme == "s3" and parts.netloc
    folder = parts.scheme == "file" and not parts.netloc and parts.path.startswith("/")
    if not bucket and not folder:
        raise argparse.ArgumentTypeError(f"{text!r} is neither s3://bucket nor file:///folder")
    return text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
