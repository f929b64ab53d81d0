"""Candidates that are good models, but can't be trusted: their evidence, their people or their time."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from candidate import APPROVED, JUDGED, SOAKED, Candidate

OTHER = "sha256:" + "b" * 64


def _without(section: str) -> Callable[[dict[str, Any]], None]:
    """Evidence of an evaluator that didn't measure one part."""

    def edit(document: dict[str, Any]) -> None:
        document[section] = [] if isinstance(document[section], list) else None

    return edit


def _lineage(**facts: Any) -> Callable[[dict[str, Any]], None]:
    return lambda document: document["lineage"].update(facts)


def _better_number(document: bytes) -> bytes:
    """A metric written by hand."""
    changed = json.loads(document)
    changed["metrics"]["accuracy"] = 0.999
    return (json.dumps(changed, indent=2) + "\n").encode()


def _not_a_number(document: bytes) -> bytes:
    changed = json.loads(document)
    changed["metrics"]["accuracy"] = float("nan")
    return (json.dumps(changed, indent=2) + "\n").encode()


def _evaluated_in_march(document: dict[str, Any]) -> None:
    document["evaluator"]["evaluatedAt"] = "2026-03-01T08:00:00Z"


def _broken_signature(folder) -> None:
    (folder / "model.sig").write_text('{"mediaType": "application/vnd.dev.sigstore.bundle')


def _served(**change: Any) -> dict[str, Any]:
    """What staging served, where it differs from the usual."""
    return {"soaked": [change]}


def _bad(
    name: str, what: str, gate: str, code: str, *, world: str = "wine", **more: Any
) -> Candidate:
    return Candidate(name, what, world, more.pop("family", "bayes"), gate, code, **more)


_BOB = {"key": "bob", "approver": "bob@example.com"}
_CAROL = {"key": "carol", "approver": "carol@example.com"}
_ANN = {"key": "ann", "approver": "ann@home.example"}


def waived_accuracy(value: float) -> dict[str, Any]:
    """Bob's waiver of an accuracy below the floor of prod, down to this value."""
    return {
        "key": "bob",
        "owner": "bob@example.com",
        "gate": "metric-floor",
        "reason": "the old images are gone",
        "refusals": [
            {"subject": "accuracy", "code": "below-floor", "value": value, "threshold": 0.9}
        ],
    }


TRUST = (
    # Evidence
    _bad(
        "no-evidence",
        "nobody evaluated it",
        "evidence-present",
        "evidence-missing",
        facts={"tag": None},
    ),
    _bad(
        "not-a-number",
        "its accuracy is NaN",
        "evidence-present",
        "evidence-unreadable",
        forge=_not_a_number,
    ),
    _bad(
        "altered-evidence",
        "its evidence isn't the one that the registry names",
        "evidence-present",
        "evidence-altered",
        facts={"tag": OTHER},
    ),
    _bad(
        "unsigned",
        "nobody signed its evidence",
        "evidence-signed",
        "signature-missing",
        signer=None,
    ),
    _bad(
        "foreign-signature",
        "a stranger signed its evidence",
        "evidence-signed",
        "signer-unknown",
        signer="mallory",
    ),
    _bad(
        "approver-signed",
        "somebody who may only approve signed its evidence",
        "evidence-signed",
        "signer-not-allowed",
        signer="bob",
    ),
    _bad(
        "revoked-key",
        "the key that signed its evidence is revoked",
        "evidence-signed",
        "key-revoked",
        signer="old evaluator",
    ),
    _bad(
        "retired-key",
        "the key that signed its evidence was no longer valid",
        "evidence-signed",
        "key-not-valid-then",
        signer="retired evaluator",
    ),
    _bad(
        "expired-signature",
        "its evidence was signed too long ago",
        "evidence-signed",
        "signature-expired",
        signed="2025-06-01T08:00:00Z",
    ),
    _bad(
        "signed-tomorrow",
        "its evidence was signed in the future",
        "evidence-signed",
        "from-the-future",
        signed="2026-06-01T08:00:00Z",
    ),
    _bad(
        "metric-by-hand",
        "its accuracy was changed after it was signed",
        "evidence-signed",
        "signature-for-another",
        forge=_better_number,
    ),
    # Training
    _bad(
        "provenance-unsigned",
        "nobody signed how it was trained",
        "training-signed",
        "signature-missing",
        trainer=None,
    ),
    _bad(
        "provenance-by-approver-key",
        "somebody who may only approve signed how it was trained",
        "training-signed",
        "signer-not-allowed",
        trainer="bob",
    ),
    _bad(
        "provenance-by-a-stranger",
        "a stranger signed how it was trained",
        "training-signed",
        "signer-unknown",
        trainer="mallory",
    ),
    _bad(
        "provenance-of-another-version",
        "what was signed is how another version was trained",
        "training-signed",
        "signature-for-another",
        trained_version="1",
    ),
    _bad(
        "provenance-contradicts-tags",
        "its tags name another commit than was signed",
        "provenance",
        "training-contradicted",
        trained=lambda document: {"gitCommit": "0ddc0de"},
    ),
    _bad(
        "trained-on-evaluation-rows-with-lying-tag",
        "it was trained on the evaluation rows, and its tags say otherwise",
        "provenance",
        "training-data-differs",
        trained=lambda document: {"trainingDataDigest": document["data"]["digest"]},
        gates={"data-quality": None},
    ),
    # Parts of the evidence that nobody measured
    _bad(
        "no-calibration",
        "its probabilities were never checked",
        "calibration",
        "not-measured",
        world="iris",
        family="svc",
        edit=_without("calibration"),
    ),
    _bad(
        "no-comparison-of-data",
        "its data was never compared with the reference",
        "data-drift",
        "not-measured",
        edit=_without("dataDrift"),
    ),
    _bad(
        "no-data-rules",
        "its training data was never checked",
        "data-quality",
        "not-measured",
        edit=_without("dataQuality"),
    ),
    # Bytes
    _bad(
        "other-bytes",
        "the registry holds other bytes than were evaluated",
        "digest-matches",
        "digest-differs",
        facts={"registryDigest": OTHER},
    ),
    _bad(
        "no-digest",
        "the registry doesn't say which bytes it holds",
        "digest-matches",
        "registry-digest-missing",
        facts={"registryDigest": None},
    ),
    # Where it comes from
    _bad(
        "yesterdays-data",
        "it was evaluated on other data than the stack pins",
        "provenance",
        "evaluated-on-other-data",
        facts={"evaluationDigest": OTHER},
    ),
    _bad(
        "unknown-data",
        "nobody knows what data it should be evaluated on",
        "provenance",
        "evaluation-data-unknown",
        facts={"evaluationDigest": None},
    ),
    _bad(
        "unknown-author",
        "its author may not train for this environment",
        "provenance",
        "author-not-allowed",
        edit=_lineage(author="zoe@example.com"),
        trainer="zoe",
        gates={"provenance": {"authors": ["ann@example.com"]}},
    ),
    _bad(
        "other-training-data",
        "it was trained on other data than was checked",
        "provenance",
        "training-data-differs",
        edit=_lineage(trainingDataDigest=OTHER),
        gates={"data-quality": None},
    ),
    _bad(
        "leakage-unknown",
        "nobody looked for training rows in the evaluation data",
        "provenance",
        "leakage-not-measured",
        edit=_without("leakage"),
    ),
    _bad(
        "evaluated-tomorrow",
        "it was evaluated in the future",
        "provenance",
        "from-the-future",
        edit=_evaluated_in_march,
    ),
    _bad(
        "clock-set-back",
        "the clock says less than a receipt",
        "provenance",
        "clock-set-back",
        facts={"history": {"latestReceiptAt": "2026-02-05T12:00:00.000Z"}},
    ),
    _bad(
        "broken-model-signature",
        "the signature among its files can't be read",
        "provenance",
        "model-signature-invalid",
        folder=_broken_signature,
    ),
    _bad(
        "dirty-tree",
        "it was trained with uncommitted changes",
        "lineage-complete",
        "dirty",
        edit=_lineage(gitDirty=True),
    ),
    _bad(
        "no-commit",
        "its commit isn't recorded",
        "lineage-complete",
        "missing",
        edit=_lineage(gitCommit=None, gitDirty=None),
    ),
    _bad(
        "gates-changed",
        "the gates aren't the ones the stack was reviewed under",
        "pack-recorded",
        "gates-changed",
        facts={"packDigest": OTHER},
    ),
    _bad(
        "lowered-gate",
        "somebody lowered a gate and committed it nowhere",
        "settings-reviewed",
        "not-reviewed",
        gates={"smoke": {"level": "advisory"}},
        facts={"loweredBy": None},
    ),
    # Soak
    _bad(
        "never-served",
        "staging never served it",
        "soak",
        "never-served",
        facts=_served(digest=OTHER),
    ),
    _bad(
        "served-an-hour",
        "staging served it for an hour",
        "soak",
        "too-short",
        facts=_served(to="2026-02-02T10:00:00.000Z"),
    ),
    _bad(
        "served-under-a-waiver",
        "staging served it, but not with its checks green",
        "soak",
        "not-green",
        facts=_served(green=False),
    ),
    _bad(
        "no-staging", "there is no history of staging", "soak", "no-history", facts={"soaked": None}
    ),
    # People
    _bad(
        "one-approval",
        "one of two people approved it",
        "approvals",
        "too-few",
        facts={"approvals": [_BOB]},
    ),
    _bad(
        "author-approves",
        "its author approved it under another address",
        "approvals",
        "too-few",
        facts={"approvals": [_BOB, _ANN]},
    ),
    _bad(
        "same-person-twice",
        "one person approved it twice",
        "approvals",
        "too-few",
        facts={"approvals": [_BOB, {**_BOB, "approver": "robert@example.com"}]},
    ),
    _bad(
        "approval-of-another-version",
        "an approval is for another version",
        "approvals",
        "too-few",
        facts={"approvals": [_BOB, {**_CAROL, "version": "1"}]},
    ),
    _bad(
        "approval-for-staging",
        "an approval is for another environment",
        "approvals",
        "too-few",
        facts={"approvals": [_BOB, {**_CAROL, "stack": "staging"}]},
    ),
    _bad(
        "approval-of-other-gates",
        "an approval was given under other gates",
        "approvals",
        "too-few",
        facts={"approvals": [_BOB, {**_CAROL, "plan": OTHER}]},
    ),
    _bad(
        "approval-of-other-evidence",
        "it was evaluated anew after one of two approved it",
        "approvals",
        "too-few",
        facts={"approvals": [_BOB, {**_CAROL, "evidence": OTHER}]},
    ),
    _bad(
        "gone-back-from",
        "the stack went back from it, and nobody has approved it since",
        "approvals",
        "too-few",
        facts={"history": {"goneBackFromAt": "2026-02-04T10:00:00.000Z"}},
    ),
    _bad(
        "waiver-of-a-better-value",
        "its accuracy was waived at a higher value than it has",
        "metric-floor",
        "below-floor",
        world="digits",
        family="logistic",
        deployed="",
        facts={"waivers": [waived_accuracy(0.895)]},
    ),
    _bad(
        "waiver-of-other-evidence",
        "it was evaluated anew after its accuracy was waived",
        "metric-floor",
        "below-floor",
        world="digits",
        family="logistic",
        deployed="",
        facts={"waivers": [{**waived_accuracy(0.89), "evidence": OTHER}]},
    ),
    _bad(
        "old-approval",
        "an approval has expired",
        "approvals",
        "too-few",
        facts={"approvals": [_BOB, {**_CAROL, "expires": "2026-02-04T11:00:00Z"}]},
    ),
    _bad(
        "forged-approval",
        "an approval was signed by a stranger",
        "approvals",
        "too-few",
        facts={"approvals": [_BOB, {**_CAROL, "key": "mallory"}]},
    ),
    # Time
    _bad(
        "late-evening",
        "it is outside the hours of deployment",
        "window",
        "outside-window",
        facts={"judgedAt": "2026-02-04T21:30:00.000Z"},
    ),
    _bad(
        "in-a-freeze",
        "there is a freeze",
        "window",
        "frozen",
        gates={
            "window": {
                "freezes": [{"from": "2026-02-01", "to": "2026-02-08", "reason": "audit week"}]
            }
        },
    ),
)

#: What everybody says of a candidate unless it says otherwise.
USUAL = {
    "approvals": [_BOB, _CAROL],
    "approvedAt": APPROVED,
    "judgedAt": JUDGED,
    "servedSince": SOAKED,
}
