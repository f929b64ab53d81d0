"""Records an evaluation beside its version in the registry.

    python -m tollgate_serving.record --spec SPEC --cache FOLDER --out FOLDER

``--out`` holds ``evidence.json``, ``answers.json`` where there are some, and ``evidence.dsse.json`` where it was
signed. Prints one JSON object, ``{"evidence_digest": …}`` or ``{"error": …}``. Exit codes: 0 recorded, 1 can't be
recorded, 3 the version in the registry has other bytes, 64 usage.
"""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

from tollgate_serving.evaluation_step import Step, run_step
from tollgate_serving.evidence import Evidence
from tollgate_serving.progress import progress
from tollgate_serving.registry import RegisteredVersion


def _run(step: Step) -> dict[str, str]:
    written = (step.out / "evidence.json").read_bytes()
    digest = f"sha256:{hashlib.sha256(written).hexdigest()}"
    model = Evidence.model_validate_json(written).model
    os.environ["MLFLOW_TRACKING_URI"] = step.spec.tracking_uri
    progress("recording the evidence")
    registered = RegisteredVersion.find(model.name, model.version)
    registered.check_digest(model.digest)
    registered.record(
        written,
        digest,
        model.digest,
        _bytes_of(step.out / "evidence.dsse.json"),
        _bytes_of(step.out / "answers.json"),
    )
    return {"evidence_digest": digest}


def _bytes_of(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


def main(arguments: list[str]) -> int:
    return run_step("record", __doc__, arguments, _run)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
