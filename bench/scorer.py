"""The scorer beside ``mlflow models serve`` and a bare Starlette echo: start, requests a second, latency.

    python bench/scorer.py [--seconds 5] [--json]

Each server runs alone, one after the other, in one process, with the same model (a logistic regression
over 10 columns) and the same one-row request. The model has a signature, which both check; without one
``mlflow models serve`` is nearly twice as fast. Exit code 1 when a target isn't met: at least 5 times
mlflow's requests a second at 16 connections, and a start that is no slower.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import platform
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import load

SERVING = Path(__file__).parent.parent / "serving"
sys.path.insert(0, str(SERVING))

from tollgate_serving.digest import digest_of_folder  # noqa: E402
from tollgate_serving.quiet import quiet_mlflow  # noqa: E402

ROW = [0.1, 0.2, 0.0, 0.4, 0.5, 0.0, 0.2, 0.1, 0.3, 0.9]
CONNECTIONS = (1, 16)
PACKAGES = (
    "mlflow",
    "scikit-learn",
    "starlette",
    "uvicorn",
    "uvloop",
    "httptools",
    "orjson",
    "numpy",
    "pandas",
)
ECHO = """
import sys, orjson, uvicorn
from starlette.responses import Response
from starlette.routing import Route, Router

async def echo(request):
    body = orjson.loads(await request.body())
    answer = orjson.dumps({"predictions": [0 for _ in body["features"]]})
    return Response(answer, media_type="application/json")

app = Router([Route("/predict", echo, methods=["POST"])])
uvicorn.run(app, port=int(sys.argv[1]), access_log=False, log_level="error")
"""


@dataclass(frozen=True)
class Contestant:
    name: str
    command: list[str]
    path: str
    body: bytes


def save_model(folder: Path) -> Path:
    """The model of the bench, and a cache that holds it as the scorer would have downloaded it."""
    quiet_mlflow()
    import mlflow.sklearn
    import pandas
    from mlflow.models import infer_signature
    from sklearn.datasets import make_classification
    from sklearn.linear_model import LogisticRegression

    features, label = make_classification(2000, 10, random_state=42)
    frame = pandas.DataFrame(features, columns=[f"f{index}" for index in range(10)])
    model = LogisticRegression(max_iter=200).fit(frame, label)
    saved = folder / "model"
    mlflow.sklearn.save_model(
        model,
        saved,
        signature=infer_signature(frame, model.predict(frame)),
        input_example=frame.head(1),
        pip_requirements=["scikit-learn"],
    )
    return saved


def contestants(model: Path, folder: Path) -> list[tuple[Contestant, int]]:
    features = json.dumps({"features": [ROW]}).encode()
    split = json.dumps(
        {"dataframe_split": {"columns": [f"f{index}" for index in range(10)], "data": [ROW]}}
    ).encode()
    echo_port, mlflow_port, scorer_port = (_free_port() for _ in range(3))
    python = sys.executable
    scorer = [
        python,
        "-m",
        "tollgate_serving.scorer",
        "--model-uri",
        str(model),
        "--model",
        "bench",
        "--version",
        "1",
    ]
    scorer += ["--digest", digest_of_folder(model), "--stage", "None", "--port", str(scorer_port)]
    scorer += ["--log-level", "WARNING", "--cache", str(folder / "cache")]
    serve = [python, "-m", "mlflow", "models", "serve", "-m", str(model), "-p", str(mlflow_port)]
    return [
        (Contestant("echo", [python, "-c", ECHO, str(echo_port)], "/predict", features), echo_port),
        (
            Contestant("mlflow", [*serve, "--env-manager", "local"], "/invocations", split),
            mlflow_port,
        ),
        (Contestant("scorer", scorer, "/predict", features), scorer_port),
    ]


@contextlib.contextmanager
def started(contestant: Contestant, port: int) -> Iterator[float]:
    """Runs the server; gives the seconds from its start to its first prediction."""
    environment = {**os.environ, "PYTHONPATH": str(SERVING), "MLFLOW_DISABLE_TELEMETRY": "true"}
    scripts = str(Path(sys.executable).parent)
    environment["PATH"] = os.pathsep.join([scripts, environment.get("PATH", "")])
    began = time.perf_counter()
    process = subprocess.Popen(
        contestant.command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        # A group of its own: `mlflow models serve` leaves its server behind when only the parent is ended.
        start_new_session=True,
    )
    try:
        while not _answers(contestant, port):
            if process.poll() is not None:
                sys.exit(
                    f"{contestant.name} ended with exit code {process.returncode} before it answered."
                )
            if time.perf_counter() - began > 120:
                sys.exit(f"{contestant.name} didn't answer within 120 s.")
            time.sleep(0.02)
        yield time.perf_counter() - began
    finally:
        _end(process)


def _end(process: subprocess.Popen) -> None:
    """Ends the whole group and waits for it: a child left behind would answer for the next start."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        deadline = time.monotonic() + 15
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
            while time.monotonic() < deadline:
                process.poll()
                os.killpg(process.pid, 0)
                time.sleep(0.05)


def measure(contestant: Contestant, port: int, seconds: float) -> dict:
    # The first start fills the scorer's cache and everyone's file cache; the second is measured.
    with started(contestant, port):
        pass
    with started(contestant, port) as start:
        load.run(port, contestant.path, contestant.body, 16, 1)
        loads = {
            str(connections): load.run(
                port, contestant.path, contestant.body, connections, seconds
            ).as_json()
            for connections in CONNECTIONS
        }
    return {"start_to_first_answer_s": round(start, 3), "connections": loads}


def report(seconds: float) -> dict:
    with tempfile.TemporaryDirectory(prefix="tollgate-bench-") as name:
        folder = Path(name)
        results = {}
        for contestant, port in contestants(save_model(folder), folder):
            print(f"measuring {contestant.name}", file=sys.stderr)
            results[contestant.name] = measure(contestant, port, seconds)
    scorer, mlflow = results["scorer"], results["mlflow"]
    rate = {
        name: result["connections"]["16"]["requests_per_second"] for name, result in results.items()
    }
    p99 = {name: result["connections"]["16"]["p99_ms"] for name, result in results.items()}
    ratios = {
        "requests_16_scorer_to_mlflow": round(rate["scorer"] / rate["mlflow"], 2),
        "requests_16_scorer_to_echo": round(rate["scorer"] / rate["echo"], 2),
        "p99_16_scorer_to_mlflow": round(p99["scorer"] / p99["mlflow"], 3),
        "start_scorer_to_mlflow": round(
            scorer["start_to_first_answer_s"] / mlflow["start_to_first_answer_s"], 2
        ),
    }
    failed = sum(
        run["failed"] for result in results.values() for run in result["connections"].values()
    )
    return {
        "load": load.generator(),
        "seconds": seconds,
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in PACKAGES},
        },
        "cpus": os.cpu_count(),
        "results": results,
        "ratios": ratios,
        "failed_requests": failed,
        "passed": bool(
            ratios["requests_16_scorer_to_mlflow"] >= 5
            and ratios["start_scorer_to_mlflow"] <= 1
            and failed == 0
        ),
    }


def show(result: dict) -> None:
    print(f"load: {result['load']}, {result['seconds']:g} s each, {result['cpus']} CPUs")
    print("  ".join(f"{name} {number}" for name, number in result["versions"].items()))
    print(f"{'server':<8}{'start s':>9}{'conn':>6}{'req/s':>10}{'p50 ms':>9}{'p99 ms':>9}")
    for name, measured in result["results"].items():
        for connections, run in measured["connections"].items():
            print(
                f"{name:<8}{measured['start_to_first_answer_s']:>9.2f}{connections:>6}"
                f"{run['requests_per_second']:>10.0f}{run['p50_ms']:>9.2f}{run['p99_ms']:>9.2f}"
            )
    for name, ratio in result["ratios"].items():
        print(f"{name}: {ratio:g}")
    print(
        f"failed requests: {result['failed_requests']}; targets {'met' if result['passed'] else 'MISSED'}"
    )


def _answers(contestant: Contestant, port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request(
            "POST", contestant.path, contestant.body, {"content-type": "application/json"}
        )
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=5, help="length of each load, default 5")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    result = report(options.seconds)
    if options.json:
        print(json.dumps(result, indent=2))
    else:
        show(result)
    return 0 if result["passed"] else 1


if __name__ == "__main__":
    sys.exit(main())
