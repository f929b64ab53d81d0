"""Writes what a candidate's folder holds, and who may sign."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import yaml
from bad_trust import USUAL
from candidate import TRAINING, Candidate
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from evaluating import Version
from tollgate_serving import signing
from worlds import LABEL, World

#: Digest of the gates that judge, and that the stack's file pins.
PACK = "sha256:" + "7" * 64
STACK = "prod"
#: Digest of the lock file of whatever trained. No gate judges it, and the candidates stay the same when ours changes.
REQUIREMENTS = "sha256:" + "5" * 64

#: Names and options of each key in the allowed-signers file. Mallory's isn't in it.
SIGNERS = {
    "evaluator": ("evaluator@example.com", 'namespaces="tollgate-evidence"'),
    "old evaluator": ("evaluator@example.com", 'namespaces="tollgate-evidence"'),
    "retired evaluator": (
        "evaluator@example.com",
        'namespaces="tollgate-evidence",valid-before="20260101Z"',
    ),
    "ann": (
        "ann@example.com,ann@home.example",
        'namespaces="tollgate-training,tollgate-approval"',
    ),
    "zoe": ("zoe@example.com", 'namespaces="tollgate-training,tollgate-approval"'),
    "bob": ("bob@example.com,robert@example.com", 'namespaces="tollgate-approval,tollgate-waiver"'),
    "carol": ("carol@example.com", 'namespaces="tollgate-approval,tollgate-waiver"'),
}
REVOKED = ("old evaluator",)


def key_of(name: str) -> Ed25519PrivateKey:
    """A key for tests that anybody can make from its name, as ``test/support/signing.ts`` does."""
    seed = hashlib.sha256(f"test key of {name}".encode()).digest()
    return Ed25519PrivateKey.from_private_bytes(seed)


def write_trust(folder: Path) -> None:
    """The allowed-signers and revoked-keys files, which all candidates share."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [
        f"{principals} {options} {signing.public_key(key_of(name))}\n"
        for name, (principals, options) in SIGNERS.items()
    ]
    (folder / "allowed_signers").write_text("".join(lines))
    revoked = [f"{signing.public_key(key_of(name))}\n" for name in REVOKED]
    (folder / "revoked_keys").write_text("".join(revoked))


def write_candidate(
    candidate: Candidate,
    here: World,
    folder: Path,
    document: dict[str, Any],
    version: Version,
    deployed: Version | None,
) -> None:
    """The candidate as a project folder: settings, evidence and its envelope, facts, and what is expected."""
    folder.mkdir(parents=True)
    candidate.edit(document)
    honest = (json.dumps(document, indent=2) + "\n").encode()
    evidence = candidate.forge(honest)
    (folder / "evidence.json").write_bytes(evidence)
    if candidate.signer:
        envelope = _envelope(candidate, honest, version)
        (folder / "evidence.dsse.json").write_bytes(envelope + b"\n")
    if candidate.trainer:
        provenance = _provenance(candidate, document, version)
        (folder / "provenance.dsse.json").write_bytes(provenance + b"\n")
    settings = yaml.safe_dump(_settings(here, version), sort_keys=False)
    (folder / f"Pulumi.{STACK}.yaml").write_text(settings)
    _write_json(folder / "facts.json", _facts(candidate, document, evidence, version, deployed))
    expected = {"what": candidate.what, "passes": True}
    if candidate.gate:
        expected = {"what": candidate.what, "gate": candidate.gate, "code": candidate.code}
    _write_json(folder / "expected.json", expected)


def _envelope(candidate: Candidate, evidence: bytes, version: Version) -> bytes:
    """As ``signing.sign_evidence`` writes it, at a time of our own."""
    name = "evidence-2.json"
    pinned = version.pinned
    statement = {
        "_type": signing.STATEMENT_TYPE,
        "subject": [
            {"name": name, "digest": {"sha256": hashlib.sha256(evidence).hexdigest()}},
            {
                "name": f"models:/{pinned.model}/{pinned.version}",
                "digest": {"sha256": pinned.digest.removeprefix("sha256:")},
            },
        ],
        "predicateType": signing.EVIDENCE_PREDICATE,
        "predicate": {"evidence": name, "signedAt": candidate.signed},
    }
    payload = json.dumps(statement, separators=(",", ":")).encode()
    return signing.sign_statement(key_of(candidate.signer), payload)


def _provenance(candidate: Candidate, document: dict[str, Any], version: Version) -> bytes:
    """As ``tollgate train`` signs it, of the lineage that the document says unless the candidate says otherwise."""
    lineage = document["lineage"] | candidate.trained(document)
    key = key_of(candidate.trainer)
    code = {
        "name": "code",
        "digest": {"gitCommit": lineage["gitCommit"]},
        "annotations": {"dirty": lineage["gitDirty"]},
    }
    training_data = {
        "name": "training-data",
        "digest": _digest_set(lineage["trainingDataDigest"]),
        "annotations": {"version": lineage["dataVersion"]},
    }
    started, finished = TRAINING
    pinned = version.pinned
    statement = {
        "_type": signing.STATEMENT_TYPE,
        "subject": [
            {
                "name": f"models:/{pinned.model}/{candidate.trained_version}",
                "digest": _digest_set(pinned.digest),
            }
        ],
        "predicateType": signing.PROVENANCE_PREDICATE,
        "predicate": {
            "buildDefinition": {
                "buildType": "https://tollgate.dev/training/v1",
                "externalParameters": {
                    "stack": STACK,
                    "command": ["python", "train.py"],
                    "parameters": lineage["parameters"],
                    "data": "data/training.csv",
                },
                "internalParameters": {"author": lineage["author"]},
                "resolvedDependencies": [
                    *([code] if lineage["gitCommit"] else []),
                    training_data,
                    {"name": "requirements", "digest": _digest_set(REQUIREMENTS)},
                ],
            },
            "runDetails": {
                "builder": {
                    "id": f"https://tollgate.dev/trainers/{signing.fingerprint(key)}",
                    "version": {"tollgate": "0.1.0"},
                },
                "metadata": {
                    "invocationId": lineage["runId"],
                    "startedOn": started,
                    "finishedOn": finished,
                },
            },
        },
    }
    return signing.sign_statement(key, json.dumps(statement, separators=(",", ":")).encode())


def _digest_set(digest: str) -> dict[str, str]:
    return {"sha256": digest.removeprefix("sha256:")}


def _settings(here: World, version: Version) -> dict[str, Any]:
    config = {
        "tier": "prod",
        "model": version.pinned.model,
        "pin": f"{version.pinned.version}@{version.pinned.digest}",
        "pack": PACK,
        "signers": "../../trust/allowed_signers",
        "revokedKeys": "../../trust/revoked_keys",
        "evaluation": {"data": "data/evaluation.csv", "label": LABEL, "task": here.task},
        "gates": here.gates,
    }
    return {"config": {f"tollgate:{key}": value for key, value in config.items()}}


def _facts(
    candidate: Candidate,
    document: dict[str, Any],
    evidence: bytes,
    version: Version,
    deployed: Version | None,
) -> dict[str, Any]:
    """What registry, history and people say."""
    digest = version.pinned.digest
    lineage = document["lineage"]
    served = {
        "digest": digest,
        "gitCommit": lineage["gitCommit"],
        "dataVersion": lineage["dataVersion"],
        "from": USUAL["servedSince"],
        "to": None,
        "green": True,
    }
    usual = {
        "tag": f"sha256:{hashlib.sha256(evidence).hexdigest()}",
        "registryDigest": digest,
        "evaluationDigest": document["data"]["digest"],
        "approvals": USUAL["approvals"],
        "soaked": [served],
        "packDigest": PACK,
        "loweredBy": "lead@example.com",
        "judgedAt": USUAL["judgedAt"],
    }
    history = {
        "deployed": deployed.facts if deployed else None,
        "releasedAt": None,
        "goneBackFromAt": None,
        "latestReceiptAt": "2026-01-15T12:00:00.000Z" if deployed else None,
        "packDigest": PACK if deployed else None,
    }
    given = dict(candidate.facts)
    history |= given.pop("history", {})
    if given.get("soaked"):
        given["soaked"] = [{**served, **change} for change in given["soaked"]]
    return {**usual, "history": history, **given}


def _write_json(file: Path, value: dict[str, Any]) -> None:
    file.write_text(json.dumps(value, indent=2) + "\n")
