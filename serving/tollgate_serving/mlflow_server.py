"""The MLflow server in this process, and the bucket it keeps artifacts in. Runtime local starts it the same way."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

from tollgate_serving.ending import pause
from tollgate_serving.errors import UserError

if TYPE_CHECKING:
    from tollgate_serving.access import PasswordGuard

QUIET = {
    # 9 processes and 1.9 GB with it, one and 0.5 GB without: nothing here submits jobs to the server.
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
}


#: The application behind its guard, where a password is wanted.
guarded: PasswordGuard | None = None


def ensure_bucket(endpoint: str | None, bucket: str, wait_seconds: float) -> None:
    """Makes the bucket where there is none, with versions on: overwritten bytes can be had back.

    A bucket that is there already stays as its owner set it up, unless it is empty and never had versions: then an
    earlier run was killed between making it and turning them on.

    :param endpoint: None for Amazon's own.
    :param wait_seconds: How long the store may take to answer at all.
    :raises UserError: when it doesn't answer, or refuses.
    """
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError

    patience = Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 2})
    where = endpoint or "Amazon S3"
    deadline = time.monotonic() + wait_seconds
    while True:
        try:
            s3 = boto3.client("s3", endpoint_url=endpoint, config=patience)
            if not _has_bucket(s3, bucket):
                s3.create_bucket(Bucket=bucket, **_location(s3))
                _keep_versions(s3, bucket)
            elif _is_half_made(s3, bucket):
                _keep_versions(s3, bucket)
            return
        except ClientError as error:
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
            if status < 500 or time.monotonic() > deadline:
                raise UserError(
                    f"the bucket {bucket} at {where} can't be used ({error}); "
                    "check the keys and what they may do, or make the bucket."
                ) from error
        except BotoCoreError as error:
            if time.monotonic() > deadline:
                raise UserError(
                    f"the artifact store at {where} doesn't answer after {wait_seconds:g} s ({error}); see its log."
                ) from error
        pause(0.3)


def _has_bucket(s3: Any, bucket: str) -> bool:
    from botocore.exceptions import ClientError

    try:
        s3.head_bucket(Bucket=bucket)
        return True
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
            return False
        raise


def _location(s3: Any) -> dict[str, Any]:
    """Amazon wants the region named, except for its first one."""
    region = s3.meta.region_name
    if region in (None, "us-east-1", "aws-global"):
        return {}
    return {"CreateBucketConfiguration": {"LocationConstraint": region}}


def _is_half_made(s3: Any, bucket: str) -> bool:
    from botocore.exceptions import ClientError

    try:
        if "Status" in s3.get_bucket_versioning(Bucket=bucket):
            return False
        return s3.list_objects_v2(Bucket=bucket, MaxKeys=1).get("KeyCount", 0) == 0
    except ClientError:
        # Somebody else's bucket: keys that may only read and write objects are enough for it.
        return False


def _keep_versions(s3: Any, bucket: str) -> None:
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})


#: How long a client's connection may be idle, as between two calls of a training: as long as a tunnel into a cluster
#: is kept (the kubelet's default). uvicorn's own 5 s close it just when a call is on its way through the tunnel, and
#: clients of MLflow since 3.18.0 don't send a call again that makes something.
IDLE_SECONDS = 4 * 3600


def run_mlflow(
    host: str, port: int, finish_seconds: int | None = None, password: str | None = None
) -> None:
    """Serves until asked to stop. The stores are those of ``MLFLOW_BACKEND_STORE_URI`` and
    ``MLFLOW_ARTIFACTS_DESTINATION``, so that no password is an argument.

    MLflow starts its web server as a child and waits for it, which costs a process and a second import of
    everything, 3 s. Here the web server runs in this process.

    :param finish_seconds: How long requests in flight may take after SIGTERM; None: as long as they want.
    :param password: What clients have to send; None: nothing.
    """
    import mlflow.server
    import uvicorn
    from mlflow.cli import cli
    from uvicorn.importer import import_from_string

    from tollgate_serving.access import PasswordGuard

    own = ["--timeout-keep-alive", str(IDLE_SECONDS)]
    if finish_seconds is not None:
        own += ["--timeout-graceful-shutdown", str(finish_seconds)]

    def run(command: list[str], extra_env: dict[str, str], **_: Any) -> None:
        os.environ.update(extra_env)
        # The command is `python -m uvicorn <arguments> <application>`.
        *arguments, application = command[3:]
        if password is None:
            uvicorn.main([*own, *arguments, application])
            return
        # Whatever application MLflow names, it is behind the guard; one worker runs in this process.
        global guarded
        guarded = PasswordGuard(import_from_string(application), password)
        uvicorn.main([*own, *arguments, f"{__name__}:guarded"])

    mlflow.server._exec_cmd = run
    cli(["server", "--host", host, "--port", str(port), "--workers", "1"])


def keep_transfers_here() -> None:
    """Clients ask the server whether they may fetch from its bucket by themselves, and MLflow answers yes for any S3.
    Those that can't reach the bucket try for minutes, file by file. In a cluster nobody but this server may be able to:
    not a machine outside that trains, and no scorer under network policies."""
    from mlflow.server import handlers

    original = handlers.build_server_info_payload

    def payload() -> dict[str, object]:
        offers = (
            "multipart_uploads_enabled",
            "multipart_downloads_enabled",
            "model_artifact_presigned_downloads_supported",
        )
        return {**original(), **dict.fromkeys(offers, False)}

    handlers.build_server_info_payload = payload
