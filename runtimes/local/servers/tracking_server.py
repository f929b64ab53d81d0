"""Waits for the database and the artifact store, then becomes the MLflow server.

Addresses come as arguments, passwords as files that the client libraries read by themselves, so no
password is in an argument or in the environment.
"""

import argparse
import os
import sys
from pathlib import Path
from urllib.parse import quote, urlsplit

from launching import fail, read_secret, split_address, wait_for_port, write_private

# The part that a cluster's server shares lies with the rest of the Python.
sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../serving"))

from tollgate_serving.access import read_password
from tollgate_serving.errors import UserError
from tollgate_serving.mlflow_server import QUIET, ensure_bucket, run_mlflow


def database_uri(options):
    if options.sqlite:
        os.makedirs(os.path.dirname(options.sqlite), mode=0o700, exist_ok=True)
        return f"sqlite:///{options.sqlite}"
    wait_for_port("database", options.database, options.wait_seconds)
    host, port = split_address(options.database)
    password = read_secret(options.database_password_file)
    passfile = f"{options.database_password_file}.pgpass"
    write_private(passfile, f"{host}:{port}:mlflow:mlflow:{password}\n")
    return f"postgresql+psycopg2://mlflow@{options.database}/mlflow?passfile={quote(passfile)}"


def ensure_artifacts(destination, wait_seconds):
    """The folder, or the bucket with versions on: overwritten bytes can be had back."""
    parts = urlsplit(destination)
    if parts.scheme == "file":
        os.makedirs(parts.path, mode=0o700, exist_ok=True)
        return
    endpoint = os.environ["MLFLOW_S3_ENDPOINT_URL"]
    wait_for_port("artifact store", urlsplit(endpoint).netloc, wait_seconds)
    try:
        ensure_bucket(endpoint, parts.netloc, wait_seconds)
    except UserError as error:
        fail(str(error))


def password_of(options):
    """None where the server wants none. A file that others may read is no secret."""
    if options.password_file is None:
        return None
    path = Path(options.password_file)
    try:
        facts = path.stat()
        if facts.st_uid != os.geteuid() or facts.st_mode & 0o077:
            fail(f"the secret file {path} may be read by others; run up again to close it")
        return read_password(path)
    except OSError as error:
        fail(f"cannot read the secret file {path} ({error.strerror}); run up again to make it")
    except UserError as error:
        fail(str(error))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", required=True, type=int)
    backend = parser.add_mutually_exclusive_group(required=True)
    backend.add_argument("--sqlite", help="database file")
    backend.add_argument("--database", help="host:port of PostgreSQL")
    parser.add_argument("--database-password-file")
    parser.add_argument("--artifacts", required=True, help="file:///folder or s3://bucket")
    parser.add_argument("--password-file", help="what clients have to send; default: nothing")
    parser.add_argument(
        "--wait-seconds", type=float, default=30, help="for database and store, each"
    )
    options = parser.parse_args()

    os.environ.update(QUIET)
    try:
        os.environ["MLFLOW_BACKEND_STORE_URI"] = database_uri(options)
        os.environ["MLFLOW_ARTIFACTS_DESTINATION"] = options.artifacts
        ensure_artifacts(options.artifacts, options.wait_seconds)
    except OSError as error:
        fail(f"cannot prepare {error.filename} ({error.strerror}); make it writable")
    run_mlflow(options.host, options.port, password=password_of(options))


if __name__ == "__main__":
    sys.exit(main())
