"""The version that is deployed now, asked for predictions on the candidate's evaluation rows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tollgate_serving.data import TableFile
from tollgate_serving.digest import digest_of_folder
from tollgate_serving.errors import UserError
from tollgate_serving.fetch import Pinned, download, one_line
from tollgate_serving.predictor import Predictor


@dataclass(frozen=True)
class DeployedAnswers:
    """What the deployed version gave. ``predictions`` is None exactly when there is a ``problem``."""

    #: As in evidence; None when it has none or wasn't read.
    signature: dict[str, Any] | None
    predictions: Any
    #: Why it couldn't be measured, in a sentence.
    problem: str | None


def ask_deployed(pinned: Pinned, table: TableFile, label: str, folder: Path) -> DeployedAnswers:
    """Downloads below ``folder`` and predicts. Never raises: a candidate isn't at fault for what it replaces."""
    signature = None
    try:
        kept = download(pinned, folder)
        found = digest_of_folder(kept)
        if found != pinned.digest:
            raise UserError(
                f"its digest in the registry is {found}, but {pinned.digest} is deployed; restore its bytes."
            )
        model = Predictor.load(pinned, kept)
        signature = model.signature_facts()
        _, predictions = model.on(table, label)
        return DeployedAnswers(signature, predictions, None)
    except Exception as error:
        reason = f"{pinned}, which is deployed, can't be measured: {one_line(error)}."
        return DeployedAnswers(signature, None, reason)
