"""Measures one model version and records the evidence beside it in the registry.

Prints one JSON object: what was recorded, or ``{"error": …}`` with the reason; stderr has a line for each step.
Exit codes: 0 recorded, 1 can't be measured, 3 other bytes than registered, 64 usage.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tollgate_serving.digest import digest_of_folder
from tollgate_serving.errors import UserError
from tollgate_serving.fetch import EXIT_DIGEST, Pinned, download, one_line
from tollgate_serving.logs import configure
from tollgate_serving.measuring import measure_version
from tollgate_serving.progress import progress
from tollgate_serving.quiet import quiet_mlflow
from tollgate_serving.registry import RegisteredVersion
from tollgate_serving.signing import load_key, sign_evidence
from tollgate_serving.spec import Spec


@dataclass(frozen=True)
class Recorded:
    """The evidence as it was recorded."""

    digest: str
    #: The DSSE envelope beside the document; None when no key was given.
    signature: Path | None


def evaluate(spec: Spec, out: Path, folder: Path) -> Recorded:
    """Measures, writes the document to ``out`` with its signature beside, and records both in the registry.

    ``folder`` is for downloads. Raises UserError.
    """
    # Before anything that takes long: the key may be missing, or ask for its passphrase.
    key = load_key(Path(spec.signing_key)) if spec.signing_key is not None else None
    os.environ["MLFLOW_TRACKING_URI"] = spec.tracking_uri
    registered = RegisteredVersion.find(spec.model, spec.version)
    progress(f"downloading {spec.model} version {spec.version}")
    unknown = Pinned(f"models:/{spec.model}/{spec.version}", spec.model, spec.version, "")
    model_folder = download(unknown, folder / "download")
    pinned = Pinned(unknown.uri, spec.model, spec.version, digest_of_folder(model_folder))
    registered.check_digest(pinned.digest)
    # Where the scorer looks first, so that it measures exactly these bytes.
    kept = model_folder.rename(folder / pinned.digest.removeprefix("sha256:"))
    document = measure_version(spec, pinned, kept, registered.lineage(), folder)
    written = document.to_bytes()
    digest = f"sha256:{hashlib.sha256(written).hexdigest()}"
    envelope = None
    if key is not None:
        model = {"name": pinned.model, "version": pinned.version, "digest": pinned.digest}
        name = f"evidence-{pinned.version}.json"
        envelope = sign_evidence(key, written, digest, name, model)
    signature = out.with_suffix(".dsse.json")
    try:
        out.write_bytes(written)
        # The signature of a document that was here before is none of this one.
        signature.unlink(missing_ok=True)
        if envelope is not None:
            signature.write_bytes(envelope)
    except OSError as error:
        raise UserError(
            f"{out} can't be written: {error.strerror}; give another place with --out."
        ) from error
    progress("recording the evidence")
    registered.record(written, digest, pinned.digest, envelope)
    return Recorded(digest, signature if envelope is not None else None)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tollgate_serving.evaluate", description=__doc__
    )
    parser.add_argument("--spec", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    try:
        options = parser.parse_args(arguments)
    except SystemExit as exit:
        return 64 if exit.code else 0
    quiet_mlflow()
    configure("WARNING")
    try:
        with tempfile.TemporaryDirectory(prefix="tollgate-evaluate-") as folder:
            recorded = evaluate(Spec.read(options.spec), options.out, Path(folder))
    except UserError as error:
        print(json.dumps({"error": str(error)}))
        return EXIT_DIGEST if error.exit_code == EXIT_DIGEST else 1
    except Exception as error:
        # Not foreseen: the step is the last line of stderr.
        reason = f"the evaluator failed with {type(error).__name__}: {one_line(error)}."
        print(json.dumps({"error": reason}))
        return 1
    print(
        json.dumps(
            {
                "evidence_digest": recorded.digest,
                "path": str(options.out),
                "signature": str(recorded.signature) if recorded.signature else None,
            }
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
