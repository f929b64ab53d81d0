"""Measures one version whose bytes were inspected, by asking scorers of it.

    python -m tollgate_serving.evaluate --spec SPEC --cache FOLDER --out FOLDER

Reads ``inspected.json`` in the folder ``--out``; writes ``evidence.json`` there and, where the scorer could be asked in
JSON, ``answers.json``. It holds no key and no registry's token, and nothing of a model is loaded in it. Prints one JSON
object, ``{"evidence_digest": …}`` or ``{"error": …}``; stderr has a line for each step. Exit codes: 0 measured, 1 can't
be measured, 64 usage.
"""

from __future__ import annotations

import hashlib
import sys

from tollgate_serving.evaluation_step import Step, run_step
from tollgate_serving.inspection import Inspected
from tollgate_serving.measuring import measure_version
from tollgate_serving.probe import ScorerPlace


def _run(step: Step) -> dict[str, str]:
    inspected = Inspected.model_validate_json((step.out / "inspected.json").read_bytes())
    spec = step.spec
    options = tuple(spec.scorer_options)
    place = ScorerPlace(step.cache, spec.stage, options, spec.start_timeout_seconds)
    measured = measure_version(spec, inspected, place)
    written = measured.evidence.to_bytes()
    if measured.answers is not None:
        (step.out / "answers.json").write_bytes(measured.answers)
    (step.out / "evidence.json").write_bytes(written)
    return {"evidence_digest": f"sha256:{hashlib.sha256(written).hexdigest()}"}


def main(arguments: list[str]) -> int:
    return run_step("evaluate", __doc__, arguments, _run)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
