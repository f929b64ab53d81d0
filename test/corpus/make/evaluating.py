"""The evidence of one candidate, measured by the real evaluator on the real model.

It is what ``tollgate evaluate`` does, without a registry: the version and the deployed one are folders. What a
clock measures (latency, memory) is kept in ``measured.json`` by the version's digest, so that everything else
can be made again byte for byte.
"""

from __future__ import annotations

import copy
import json
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import yaml
from bad_data import write_advisories
from candidate import EVALUATED, Candidate
from models import save
from tollgate_serving.asking import Asking
from tollgate_serving.code_scan import scan_code
from tollgate_serving.digest import digest_of_folder, sha256_of_file, size_of_folder
from tollgate_serving.evidence import Lineage
from tollgate_serving.fetch import Pinned
from tollgate_serving.inspection import inspect_folder
from tollgate_serving.measuring import measure_version
from tollgate_serving.probe import ScorerPlace
from tollgate_serving.spec import DeployedVersion, Spec
from worlds import LABEL, World

COMMIT = "5d1c0de"
REQUESTS = 100
MEASURED = Path(__file__).parent / "measured.json"

#: The machine that measured, as far as it matters.
EVALUATOR = {
    "evaluatedAt": EVALUATED,
    "python": "3.11.7",
    "platform": "linux",
    "cpus": 2,
    "memoryBytes": 8_000_000_000,
}

#: Documents by everything that they depend on: many candidates differ only in who says what about them.
_known: dict[str, dict[str, Any]] = {}


@dataclass(frozen=True)
class Version:
    """A saved model version. ``measured`` is a folder that can be loaded; ``folder`` the one that is pinned."""

    pinned: Pinned
    folder: Path
    measured: Path

    @property
    def facts(self) -> dict[str, str]:
        return {
            "name": self.pinned.model,
            "version": self.pinned.version,
            "digest": self.pinned.digest,
        }


def prepare(candidate: Candidate, here: World, project: Path) -> tuple[Version, Version | None]:
    """Writes the data, the candidate as version 2 and the deployed model as version 1 below ``project``."""
    data = project / "data"
    data.mkdir()
    tables = {
        "training": here.training,
        "evaluation": here.evaluation,
        "reference": here.reference,
        "live": here.live,
    }
    for name, table in tables.items():
        if table is not None:
            table.to_csv(data / f"{name}.csv", index=False)
    (data / "rules.yaml").write_text(yaml.safe_dump(here.rules, sort_keys=False))
    write_advisories(project / "osv")

    folder = project / "version-2"
    _save(candidate.model(here), here, folder, candidate.optional)
    candidate.folder(folder)
    measured = folder
    if candidate.tamper:
        measured = shutil.copytree(folder, project / "untouched")
        candidate.tamper(folder)
    version = Version(_pinned(here, "2", folder), folder, measured)

    deployed = candidate.deployed_model()
    if deployed is None:
        return version, None
    folder = project / "version-1"
    _save(deployed, here, folder, candidate.deployed_optional)
    return version, Version(_pinned(here, "1", folder), folder, folder)


def evidence_of(
    here: World, project: Path, version: Version, deployed: Version | None
) -> dict[str, Any]:
    """The evidence document of a version that ``prepare`` wrote below ``project``."""
    files = sorted((project / "data").iterdir())
    key = json.dumps(
        [version.facts, deployed and deployed.facts, here.gates, *map(sha256_of_file, files)]
    )
    if key not in _known:
        _known[key] = _measured(here, project, version, deployed)
    return copy.deepcopy(_known[key])


def _measured(
    here: World, project: Path, version: Version, deployed: Version | None
) -> dict[str, Any]:
    pinned = _pinned(here, "2", version.measured)
    spec = _spec(here, project, version, deployed)
    place = ScorerPlace(project / "models", spec.stage, ("--sandbox", "preferred"))
    shutil.copytree(version.measured, place.folder_of(pinned))
    if deployed and deployed.pinned.digest != pinned.digest:
        shutil.copytree(deployed.folder, place.folder_of(deployed.pinned))
    inspected = inspect_folder(spec, version.measured, pinned.digest, _lineage(here, project))
    with _as_timed_before(pinned.digest) as known:
        measured = measure_version(spec, inspected, place)
    document = json.loads(measured.evidence.to_bytes())
    document["evaluator"] |= EVALUATOR
    if not known:
        _keep(pinned.digest, document)
    if version.folder != version.measured:
        document["model"] |= {**version.facts, "sizeBytes": size_of_folder(version.folder)}
        document["code"] = scan_code(version.folder)
    return document


def _save(model: Any, here: World, folder: Path, optional: tuple[str, ...]) -> None:
    taken = getattr(model, "feature_names_in_", here.inputs)
    save(model, here.training[list(taken)].head(20), folder, optional)


def _pinned(here: World, version: str, folder: Path) -> Pinned:
    return Pinned(str(folder), f"{here.name}-model", version, digest_of_folder(folder))


def _spec(here: World, project: Path, version: Version, deployed: Version | None) -> Spec:
    return Spec(
        model=version.pinned.model,
        version=version.pinned.version,
        tracking_uri="none",
        data=str(project / "data/evaluation.csv"),
        data_path="data/evaluation.csv",
        label=LABEL,
        task=here.task,
        stage="Production",
        evaluator_version="0.1.0",
        requests=REQUESTS,
        gates=here.gates,
        deployed=DeployedVersion(**deployed.facts) if deployed else None,
        training_data=str(project / "data/training.csv"),
        training_data_path="data/training.csv",
        project_dir=str(project),
        git_commit=COMMIT,
    )


def _lineage(here: World, project: Path) -> Lineage:
    return Lineage(
        runId="0123456789abcdef",
        experiment=f"{here.name}-model_prod",
        gitCommit=COMMIT,
        gitDirty=False,
        author="ann@example.com",
        dataVersion="2026-02",
        trainingDataDigest=f"sha256:{sha256_of_file(project / 'data/training.csv')}",
        parameters={},
    )


@contextmanager
def _as_timed_before(digest: str) -> Iterator[bool]:
    """What a clock measured with these bytes the first time, where that is kept; everything else is asked anew."""
    known = _kept().get(digest)
    if known is None:
        yield False
        return
    with patch.object(Asking, "_times", lambda *_: known):
        yield True


def _keep(digest: str, document: dict[str, Any]) -> None:
    known = _kept()
    known[digest] = {name: document[name] for name in ("latency", "memoryBytes")}
    MEASURED.write_text(json.dumps(dict(sorted(known.items())), indent=2) + "\n")
    print(f"  measured {document['latency']['p95Ms']} ms", file=sys.stderr, flush=True)


def _kept() -> dict[str, dict[str, Any]]:
    return json.loads(MEASURED.read_text()) if MEASURED.exists() else {}
