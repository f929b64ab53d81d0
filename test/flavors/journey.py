"""A registered version's way to its callers: evaluated by the command line, checked as a release checks its scorers."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from flavor import Flavor

ROOT = Path(__file__).resolve().parent.parent.parent
#: Gates about a version itself: the others are about people, data and time.
GATES = (
    "evidence-present",
    "digest-matches",
    "safe-code",
    "dependencies",
    "schema-present",
    "contract",
    "smoke",
    "metric-floor",
    "better-than-trivial",
)
#: Longest wait for a scorer: other work on the machine is no fault of a flavor.
START_SECONDS = 600
#: Each model learned something, and can't be perfect by chance.
FLOORS = {"classification": {"accuracy": 0.8}, "regression": {"r2": 0.5}}


class Refused(Exception):
    """It isn't released: one sentence."""


@dataclass(frozen=True)
class Evaluated:
    """A version that was measured and passed."""

    name: str
    version: str
    digest: str
    evidence: dict[str, Any]


class Stack:
    """A project folder's stack for one flavor."""

    def __init__(self, project: Path, flavor: Flavor, registry: str, lock: Path):
        self.project, self.flavor, self.registry, self.lock = project, flavor, registry, lock
        self.reviewed: list[dict[str, str]] = []
        self.allowed: list[str] = []
        (project / "Pulumi.yaml").write_text("name: flavors\nruntime: nodejs\n")
        (project / "data").mkdir(exist_ok=True)
        table = flavor.table()
        whole = table.map(lambda value: isinstance(value, (list, dict)))
        self.data = f"data/{flavor.slug}.{'parquet' if whole.any(axis=None) else 'csv'}"
        if self.data.endswith("csv"):
            table.to_csv(project / self.data, index=False)
        else:
            table.to_parquet(project / self.data, index=False)
        labels = flavor.labels
        self.label = list(labels.columns) if hasattr(labels, "columns") else "label"

    @property
    def models(self) -> Path:
        """Where evaluation and release have the bytes."""
        return self.project / ".tollgate" / self.flavor.slug / "models"

    def evaluate(self) -> Evaluated:
        """Allows what safe-code's own remedy says to allow, once. Raises Refused."""
        said = self._evaluate()
        lines = [line for verdict in _refusals(said) for line in self._lines_of(verdict)]
        if lines:
            said = self._evaluate()
        refusals = _refusals(said)
        if refusals:
            raise Refused(refusals[0]["reason"])
        pin = said["pin"]
        return Evaluated(pin["name"], pin["version"], pin["digest"], said["evidence"])

    def _lines_of(self, verdict: dict[str, Any]) -> list[str]:
        """Puts what the remedy says to add into the settings."""
        if verdict["gate"] != "safe-code":
            return []
        _, _, rest = verdict["remedy"].partition(" add ")
        what, _, where = rest.partition(" to tollgate:gates.safe-code.")
        if where.startswith("code "):
            self.reviewed.append(yaml.safe_load(what))
        elif where.startswith("allow "):
            self.allowed += what.split(", ")
        else:
            return []
        return [what]

    def _evaluate(self) -> dict[str, Any]:
        self._write()
        done = _tollgate("-C", str(self.project), "--json", "evaluate", "--stack", self.flavor.slug)
        try:
            said = json.loads(done.stdout)
        except json.JSONDecodeError:
            raise Refused(done.stderr.strip() or f"tollgate ended with {done.returncode}") from None
        if "error" in said:
            raise Refused(said["error"]["message"])
        return said

    def _write(self) -> None:
        flavor = self.flavor
        gates: dict[str, Any] = {"level": "disabled"}
        gates |= {name: {"level": "mandatory"} for name in GATES}
        gates["metric-floor"]["floors"] = FLOORS[flavor.task]
        gates["safe-code"] |= {"code": self.reviewed, "allow": self.allowed}
        settings = {
            "tier": "dev",
            "model": flavor.slug,
            "trackingServer": {"uri": self.registry, "timeoutSeconds": 60},
            "scorer": {"sandbox": "required", "startTimeoutSeconds": START_SECONDS},
            "python": {"requirements": os.path.relpath(self.lock, self.project)},
            "evaluation": {
                "data": self.data,
                "label": self.label,
                "task": flavor.task,
                **flavor.evaluation,
            },
            "gates": gates,
        }
        config = {f"tollgate:{key}": value for key, value in settings.items()}
        path = self.project / f"Pulumi.{flavor.slug}.yaml"
        path.write_text(yaml.safe_dump({"config": config}, sort_keys=False))

    @contextlib.contextmanager
    def scorer(self, version: Evaluated) -> Iterator[int]:
        """A scorer as a release starts it; gives the port. Raises Refused when it doesn't start."""
        command = [sys.executable, "-m", "tollgate_serving.scorer", "--sandbox", "required"]
        command += ["--model-uri", f"models:/{version.name}/{version.version}"]
        command += ["--model", version.name, "--version", version.version]
        command += ["--digest", version.digest, "--stage", "None", "--host", "127.0.0.1"]
        told, telling = os.pipe()
        command += ["--port", "0", "--port-fd", str(telling), "--cache", str(self.models)]
        environment = {**os.environ, "MLFLOW_TRACKING_URI": self.registry}
        with open(self.project / f"{self.flavor.slug}.log", "w") as log, os.fdopen(told) as port:
            process = subprocess.Popen(
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[telling],
            )
            os.close(telling)
            try:
                number = int(port.readline() or 0)
                _wait_until_ready(process, number, log.name)
                yield number
            finally:
                process.terminate()
                process.wait()

    def check_release(self, version: Evaluated, port: int) -> None:
        """What a release asks before traffic. Raises Refused."""
        kept = version.evidence["answers"]
        inputs = {
            "scorers": [f"http://127.0.0.1:{port}"],
            "model": version.name,
            "version": version.version,
            "digest": version.digest,
            # How fast it is depends on what else runs here.
            "maxP95Ms": 0,
            "answers": {
                "registry": {
                    "uri": self.registry,
                    "caFile": None,
                    "tokenVariable": "MLFLOW_TRACKING_TOKEN",
                    "timeoutSeconds": 60,
                    "cluster": None,
                },
                "model": version.name,
                "digest": kept["digest"],
                "rows": kept["rows"],
                "task": self.flavor.task,
            },
        }
        command = ["node", "--import", "tsx", "test/flavors/release.ts"]
        done = subprocess.run(
            command, cwd=ROOT, input=json.dumps(inputs), capture_output=True, text=True
        )
        if done.returncode:
            raise Refused(done.stderr.strip())


def _refusals(said: dict[str, Any]) -> list[dict[str, Any]]:
    return [verdict for verdict in said["verdicts"] if not verdict["passed"]]


def _tollgate(*words: str) -> subprocess.CompletedProcess[str]:
    command = ["node", str(ROOT / "toolchain" / "tollgate.cjs"), *words]
    return subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)


def _wait_until_ready(process: subprocess.Popen[bytes], port: int, log: str) -> None:
    import http.client
    import time

    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None and port:
        with contextlib.suppress(OSError):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
            connection.request("GET", "/ready")
            if connection.getresponse().status == 200:
                return
        time.sleep(0.05)
    raise Refused(f"its scorer wasn't ready: {Path(log).read_text().strip().splitlines()[-1]}")
