"""A real S3 store for the tests."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
from postgres_server import LAUNCHERS
from servers import ask, eventually, free_port

ACCESS_KEY, SECRET_KEY = "4711ACCESS", "4711-of-the-store"


class StoreServer:
    """Runtime local's launcher on an empty folder."""

    def __init__(self, folder: Path):
        folder.mkdir(parents=True)
        (folder / "access").write_text(ACCESS_KEY)
        (folder / "secret").write_text(SECRET_KEY)
        self.port = free_port()
        self.endpoint = f"http://127.0.0.1:{self.port}"
        #: What a client has in its environment.
        self.environment = {
            "MLFLOW_S3_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        self._log = folder / "store.log"
        command = [sys.executable, str(LAUNCHERS / "store.py"), "--data", str(folder / "data")]
        command += ["--host", "127.0.0.1", "--port", str(self.port), "--secrets", str(folder)]
        command += ["--access-key-file", str(folder / "access")]
        command += ["--secret-key-file", str(folder / "secret")]
        command += ["--internal-ports", ",".join(str(free_port()) for _ in range(7))]
        with open(self._log, "w") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        eventually(self._answers)

    def client(self) -> Any:
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
            region_name="us-east-1",
        )

    def stop(self) -> None:
        # Its own farewell takes 15 s, and nobody needs the data.
        self._process.kill()
        self._process.wait()

    def _answers(self) -> bool:
        assert self._process.poll() is None, self._log.read_text()
        with contextlib.suppress(OSError):
            return ask(self.port, "GET", "/healthz")[0] == 200
        return False
