"""Fetches a version and the deployed one from the registry, and tells from their bytes what they are. Loads nothing.

    python -m tollgate_serving.inspection --spec SPEC --cache FOLDER --out FOLDER

Leaves the bytes in ``--cache`` and writes ``inspected.json`` into ``--out``. The only part of an evaluation that reads
from the registry, so it has the registry's token. Prints one JSON object, ``{"digest": …}`` or ``{"error": …}``. Exit
codes: 0 done, 1 can't be done, 3 other bytes than registered, 64 usage.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from tollgate_serving import model_signature
from tollgate_serving.code_scan import scan_code
from tollgate_serving.dependencies import read_dependencies
from tollgate_serving.digest import digest_of_folder, size_of_folder
from tollgate_serving.evaluation_step import Step, run_step
from tollgate_serving.evidence import Code, Dependencies, Lineage, ModelFacts, ModelSignature
from tollgate_serving.fetch import (
    Pinned,
    cached,
    cant_be_kept,
    download,
    keep,
    obtain,
    one_line,
    part_of,
)
from tollgate_serving.progress import progress
from tollgate_serving.registry import RegisteredVersion
from tollgate_serving.spec import Spec


class Inspected(BaseModel):
    """What a version's bytes and the registry say of it."""

    model_config = ConfigDict(extra="forbid", strict=True)

    model: ModelFacts
    lineage: Lineage
    code: Code
    dependencies: Dependencies
    modelSignature: ModelSignature | None
    #: Why the deployed version's bytes couldn't be fetched, as a clause; None when they were, or nothing is deployed.
    deployedProblem: str | None

    @property
    def pinned(self) -> Pinned:
        model = self.model
        return Pinned(
            f"models:/{model.name}/{model.version}", model.name, model.version, model.digest
        )


def inspect_version(spec: Spec, cache: Path) -> Inspected:
    """Leaves the bytes in ``cache``, where a scorer looks first. Raises UserError."""
    os.environ["MLFLOW_TRACKING_URI"] = spec.tracking_uri
    registered = RegisteredVersion.find(spec.model, spec.version)
    progress(f"downloading {spec.model} version {spec.version}")
    unknown = Pinned(f"models:/{spec.model}/{spec.version}", spec.model, spec.version, "")
    with _room_in(cache, unknown) as part:
        # What the registry has now is judged, whatever the cache has.
        folder = download(unknown, part / "bytes")
        digest = digest_of_folder(folder)
        registered.check_digest(digest)
        progress("reading the version's files")
        inspected = inspect_folder(spec, folder, digest, registered.lineage())
        if cached(inspected.pinned, cache) is None:
            keep(folder, inspected.pinned, cache)
    return inspected.model_copy(update={"deployedProblem": _fetch_deployed(spec, digest, cache)})


@contextlib.contextmanager
def _room_in(cache: Path, pinned: Pinned) -> Iterator[Path]:
    with contextlib.ExitStack() as stack:
        try:
            part = stack.enter_context(part_of(cache, "inspected"))
        except OSError as error:
            raise cant_be_kept(pinned, cache, error) from error
        yield part


def inspect_folder(spec: Spec, folder: Path, digest: str, lineage: Lineage) -> Inspected:
    """The same of a folder that is at hand, with nothing asked of a registry."""
    project = Path(spec.project_dir)
    signature = model_signature.check(folder, spec.gate("provenance") or {}, project)
    return Inspected.model_validate(
        {
            "model": {
                "name": spec.model,
                "version": spec.version,
                "digest": digest,
                "sizeBytes": size_of_folder(folder),
            },
            "lineage": lineage.model_dump(),
            "code": scan_code(folder),
            "dependencies": read_dependencies(folder, spec.gate("dependencies") or {}, project),
            "modelSignature": signature,
            "deployedProblem": None,
        }
    )


def _fetch_deployed(spec: Spec, digest: str, cache: Path) -> str | None:
    """A candidate isn't at fault for what it replaces: what goes wrong is told, never raised."""
    deployed = spec.deployed
    if deployed is None or deployed.digest == digest:
        return None
    pinned = deployed.pinned()
    progress(f"looking for {pinned}, which is deployed")
    try:
        obtain(pinned, cache)
        return None
    except Exception as error:
        return one_line(error)


def _run(step: Step) -> dict[str, str]:
    inspected = inspect_version(step.spec, step.cache)
    (step.out / "inspected.json").write_text(inspected.model_dump_json())
    return {"digest": inspected.model.digest}


def main(arguments: list[str]) -> int:
    return run_step("inspection", __doc__, arguments, _run)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
