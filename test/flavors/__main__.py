"""Every way to log a model that is tried here, on its way from log_model to callers; see main.ts.

Prints a line for each flavor as it is done and ends with "N passed, N failed".
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from page import PAGE, cell, checks_of, page

HERE = Path(__file__).resolve().parent
#: Longest first: they run two at a time.
FAMILIES = ("boosting", "scikit_learn", "statistics", "onnx_models", "networks", "own_code")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="npm run test:flavors --")
    parser.add_argument("--write", action="store_true", help=f"make {PAGE.name} anew")
    parser.add_argument("--requirements", required=True, help="the lock of this environment")
    parser.add_argument("names", nargs="*", help="only flavors whose names hold one of these")
    options = parser.parse_args(arguments)
    # Servers and families end with this process, however it is ended.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="tollgate-flavors-") as made:
        folder = Path(made)
        print("starting MLflow", flush=True)
        with tracking_server(folder / "registry") as registry, Families() as families:
            rows = families.run([str(folder), registry, options.requirements, *options.names])
    if not any(rows):
        sys.exit(
            f"no flavor has {' or '.join(options.names)} in its name; docs/flavors.md lists them"
        )
    checks = [check for family in rows for row in family for check in checks_of(row)]
    if not options.names:
        checks.append(("docs/flavors.md is what this run found", _page(rows, options.write)))
    for what, passed in checks:
        if not passed:
            print(f"FAILED: {what}")
    passed = sum(passed for _, passed in checks)
    print(f"\nin {time.monotonic() - started:.0f} s")
    print(f"{passed} passed, {len(checks) - passed} failed")
    return 0 if passed == len(checks) else 1


def _page(rows: list[list[dict[str, Any]]], write: bool) -> bool:
    found = page([row for family in rows for row in family])
    if write:
        PAGE.write_text(found)
    return PAGE.exists() and PAGE.read_text() == found


class Families:
    """The families' processes, two at a time, which end when this does."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(2)
        self._processes: list[subprocess.Popen[str]] = []

    def __enter__(self) -> Families:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
        for process in self._processes:
            _end(process)

    def run(self, words: list[str]) -> list[list[dict[str, Any]]]:
        """The rows of all of them."""
        return list(self._pool.map(lambda name: self._family(name, words), FAMILIES))

    def _family(self, name: str, words: list[str]) -> list[dict[str, Any]]:
        """The rows of its flavors; one with an error where its process failed."""
        command = [sys.executable, str(HERE / "family.py"), name, *words]
        log = Path(words[0]) / f"{name}.log"
        with open(log, "w") as file:
            process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=file, text=True, start_new_session=True
            )
        self._processes.append(process)
        rows = []
        assert process.stdout is not None
        for line in process.stdout:
            # MLflow prints where a run is seen.
            if line.startswith("{"):
                rows.append(json.loads(line))
                _tell(rows[-1])
        if process.wait():
            said = log.read_text().strip().splitlines()
            rows.append({"name": name, "error": said[-1] if said else "it ended"})
            _tell(rows[-1])
        return rows


def _tell(row: dict[str, Any]) -> None:
    if row["error"]:
        said = f"FAILED: {row['error']}" + (f": {row['refusal']}" if row.get("refusal") else "")
    elif row["skipped"]:
        said = f"not run: {row['skipped']}"
    elif row["refusal"]:
        said = f"refused, as it has to be: {row['refusal']}"
    else:
        said = ", ".join(f"{form} {cell(told)}" for form, told in row["forms"].items())
    print(f"{row['name']} ({row.get('seconds', 0)} s): {said}", flush=True)
    for form, told in row.get("forms", {}).items():
        if told["outcome"] in ("refused", "differs"):
            print(f"  {form}: {told['said']}", flush=True)


@contextlib.contextmanager
def tracking_server(folder: Path) -> Iterator[str]:
    """MLflow's own server, on loopback; gives its address."""
    folder.mkdir()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "server", "--workers", "1", "--host", "127.0.0.1"]
    command += ["--port", str(port), "--backend-store-uri", f"sqlite:///{folder}/mlflow.db"]
    command += ["--artifacts-destination", str(folder / "artifacts")]
    scripts = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    environment = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "PATH": scripts}
    with open(folder / "server.log", "w") as log:
        process = subprocess.Popen(
            command, env=environment, stdout=log, stderr=log, start_new_session=True
        )
    try:
        uri = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 180
        while not _answers(f"{uri}/health"):
            if process.poll() is not None or time.monotonic() > deadline:
                sys.exit(
                    f"MLflow's server didn't start: {(folder / 'server.log').read_text()[-2000:]}"
                )
            time.sleep(0.2)
        yield uri
    finally:
        _end(process)


def _answers(url: str) -> bool:
    with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5) as answer:
        return answer.status == 200
    return False


def _end(process: subprocess.Popen[Any]) -> None:
    """Its whole group: a server is a child of the command."""
    for number, seconds in ((signal.SIGTERM, 10), (signal.SIGKILL, 10)):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
