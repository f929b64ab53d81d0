"""Waits for the database and the artifact store, then becomes the MLflow server.

Addresses come as arguments, passwords as files that the client libraries read by themselves, so no
password is in an argument or in the environment.
"""

import argparse
import os
import sys
from urllib.parse import quote, urlsplit

from launching import fail, read_secret, split_address, wait_for_port, write_private

QUIET = {
    # 9 processes and 1.9 GB with it, one and 0.5 GB without: nothing here submits jobs to the server.
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
}


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
    ensure_bucket(endpoint, parts.netloc)


def ensure_bucket(endpoint, bucket):
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError

    patient = Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 8})
    try:
        s3 = boto3.client("s3", endpoint_url=endpoint, config=patient)
        if bucket not in [known["Name"] for known in s3.list_buckets()["Buckets"]]:
            s3.create_bucket(Bucket=bucket)
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    except (BotoCoreError, ClientError) as error:
        fail(f"cannot make the bucket {bucket} at {endpoint}: {error}; see the store's log")


def become_mlflow(host, port):
    """MLflow starts its web server as a child and waits for it, which costs a process and a second import
    of everything, 3 s. Here the web server runs in this process."""
    import mlflow.server
    import uvicorn
    from mlflow.cli import cli

    def run(command, extra_env, **_):
        os.environ.update(extra_env)
        # The command is `python -m uvicorn <arguments>`.
        uvicorn.main(command[3:])

    mlflow.server._exec_cmd = run
    cli(["server", "--host", host, "--port", str(port), "--workers", "1"])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", required=True, type=int)
    backend = parser.add_mutually_exclusive_group(required=True)
    backend.add_argument("--sqlite", help="database file")
    backend.add_argument("--database", help="host:port of PostgreSQL")
    parser.add_argument("--database-password-file")
    parser.add_argument("--artifacts", required=True, help="file:///folder or s3://bucket")
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
    become_mlflow(options.host, options.port)


if __name__ == "__main__":
    sys.exit(main())
