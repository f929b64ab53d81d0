"""What a candidate of the corpus is: a version of some world, and the one way in which it is bad."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from models import FAMILIES, pipeline
from worlds import LABEL, World, world

#: Family of the version that each world's stack serves already.
DEPLOYED = {
    "cancer": "logistic-l2",
    "wine": "logistic",
    "iris": "bayes",
    "digits": "knn",
    "diabetes": "ridge",
}

#: When everything happened: trained, then evaluated on Monday, served in staging since, judged on Wednesday.
TRAINING = ("2026-02-02T07:00:00Z", "2026-02-02T07:30:00Z")
EVALUATED = "2026-02-02T08:00:00Z"
SIGNED = "2026-02-02T08:01:00Z"
SOAKED = "2026-02-02T09:00:00.000Z"
APPROVED = "2026-02-04T09:00:00Z"
JUDGED = "2026-02-04T12:00:00.000Z"


@dataclass(frozen=True)
class Candidate:
    """One entry of the corpus. Without ``gate`` it is good."""

    name: str
    #: What is wrong, or what is special about a good one: a clause.
    what: str
    world: str
    family: str = "logistic"
    #: The only gate that refuses it, and the code it gives.
    gate: str | None = None
    code: str | None = None
    #: Family of the version that is deployed; "" for nothing.
    deployed: str | None = None
    #: The deployed model itself, where it is none of a family.
    fit_deployed: Callable[[World], Any] | None = None
    #: Inputs that callers of the candidate, or of the deployed version, may leave out.
    optional: tuple[str, ...] = ()
    deployed_optional: tuple[str, ...] = ()
    #: Other data than the world's.
    data: Callable[[World], World] = lambda given: given
    #: The model itself, where it is none of a family.
    fit: Callable[[World], Any] | None = None
    #: Changes the saved version's folder before it is measured.
    folder: Callable[[Path], None] = lambda folder: None
    #: Changes it afterwards, to what nobody should load: its files are only scanned.
    tamper: Callable[[Path], None] | None = None
    #: Settings that differ from the world's, by gate name; None leaves a gate to the tier.
    gates: dict[str, dict[str, Any] | None] = field(default_factory=dict)
    #: Changes the measured document before it is signed.
    edit: Callable[[dict[str, Any]], None] = lambda document: None
    #: Changes its bytes after it was signed.
    forge: Callable[[bytes], bytes] = lambda document: document
    #: The key that signs it; None leaves it unsigned.
    signer: str | None = "evaluator"
    signed: str = SIGNED
    #: The key that signs how it was trained; None leaves that unsigned.
    trainer: str | None = "ann"
    #: What was signed of the training, where it differs from what the document's lineage says; and of which version.
    trained: Callable[[dict[str, Any]], dict[str, Any]] = lambda document: {}
    trained_version: str = "2"
    #: What registry, history and people say, where it differs from the usual.
    facts: dict[str, Any] = field(default_factory=dict)

    def here(self) -> World:
        """The candidate's own world."""
        return self.data(world(self.world).with_gates(self.gates))

    def model(self, here: World) -> Any:
        return self.fit(here) if self.fit else fitted(self.family, here)

    def deployed_model(self) -> Any | None:
        """The deployed version was trained on the world as it is by default."""
        usual = world(self.world)
        if self.fit_deployed:
            return self.fit_deployed(usual)
        family = DEPLOYED[self.world] if self.deployed is None else self.deployed
        return fitted(family, usual) if family else None


def fitted(family: str, here: World) -> Any:
    return trained(pipeline(FAMILIES[family]()), here)


def trained(model: Any, here: World, without: tuple[str, ...] = ()) -> Any:
    """Trained on the world's inputs, all or ``without`` some."""
    inputs = [name for name in here.inputs if name not in without]
    return model.fit(here.training[inputs], here.training[LABEL])
