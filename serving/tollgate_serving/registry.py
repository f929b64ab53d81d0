"""The evaluator's side of the registry: one version, its tags and its run."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tollgate_serving.artifacts import FOLDER, artifact_name
from tollgate_serving.errors import UserError
from tollgate_serving.evidence import Lineage
from tollgate_serving.fetch import EXIT_DIGEST, one_line, without_password


@dataclass(frozen=True)
class RegisteredVersion:
    """A version in the registry that MLFLOW_TRACKING_URI names."""

    client: Any
    facts: Any
    run: Any

    @classmethod
    def find(cls, model: str, version: str) -> RegisteredVersion:
        """Raises UserError when the registry doesn't answer, or has no such version that is ready and has a run."""
        from mlflow import MlflowClient

        client = MlflowClient()
        registry = without_password(os.environ["MLFLOW_TRACKING_URI"])
        try:
            facts = client.get_model_version(model, version)
            run = client.get_run(facts.run_id) if facts.run_id else None
        except Exception as error:
            raise UserError(
                f"{model} version {version} can't be read from {registry}: {one_line(error)}; "
                "check that the registry answers and that the version exists."
            ) from error
        if facts.status != "READY":
            raise UserError(
                f"{model} version {version} is {facts.status} in {registry}; wait until it is READY."
            )
        if run is None:
            raise UserError(
                f"{model} version {version} has no run to keep evidence in; register it from a run (tollgate train)."
            )
        return cls(client, facts, run)

    def check_digest(self, digest: str) -> None:
        """Raises UserError with exit code 3 when the version was registered with other bytes."""
        tagged = self.facts.tags.get("tollgate.digest")
        if tagged is not None and tagged != digest:
            raise UserError(
                f"{self.facts.name} version {self.facts.version} has digest {digest}, but was registered "
                f"with {tagged}; its bytes were changed, so restore them or train a new version.",
                EXIT_DIGEST,
            )

    def lineage(self) -> Lineage:
        """From the ``tollgate.*`` tags; what they lack from the run."""
        tags, run_tags, run_params = self.facts.tags, self.run.data.tags, self.run.data.params
        dirty = {"true": True, "false": False}.get(tags.get("tollgate.git_dirty", "").lower())
        return Lineage(
            runId=self.facts.run_id,
            experiment=self.client.get_experiment(self.run.info.experiment_id).name,
            gitCommit=tags.get("tollgate.git_commit") or run_tags.get("mlflow.source.git.commit"),
            gitDirty=dirty,
            author=tags.get("tollgate.author") or run_tags.get("mlflow.user"),
            dataVersion=tags.get("tollgate.data_version") or run_params.get("data_version"),
            trainingDataDigest=tags.get("tollgate.training_data_digest"),
            parameters=_parameters(tags.get("tollgate.parameters")) or dict(run_params),
        )

    def record(
        self,
        document: bytes,
        evidence_digest: str,
        digest: str,
        envelope: bytes | None,
        answers: bytes | None,
    ) -> None:
        """Keeps the document, its signature and the answers as run artifacts, then names it on the version; the tag
        comes last.

        Without an envelope an earlier one stays, which signs another document and so counts for nothing.
        """
        name, version = self.facts.name, self.facts.version
        try:
            if answers is not None:
                self._log_bytes(answers, artifact_name("answers", name, version, digest))
            self._log_bytes(document, artifact_name("evidence", name, version, digest))
            if envelope is not None:
                signature = artifact_name("evidence", name, version, digest, ".dsse.json")
                self._log_bytes(envelope, signature)
            if "tollgate.digest" not in self.facts.tags:
                self.client.set_model_version_tag(name, version, "tollgate.digest", digest)
            self.client.set_model_version_tag(name, version, "tollgate.evidence", evidence_digest)
        except Exception as error:
            raise UserError(
                f"the evidence of {name} version {version} can't be recorded: {one_line(error)}; evaluate it again."
            ) from error

    def _log_bytes(self, document: bytes, file_name: str) -> None:
        # Not log_text: it may change line ends, and the tag is the digest of the exact bytes.
        with tempfile.TemporaryDirectory(prefix="tollgate-evidence-") as folder:
            path = Path(folder, file_name)
            path.write_bytes(document)
            self.client.log_artifact(self.facts.run_id, str(path), FOLDER)


def _parameters(tag: str | None) -> dict[str, str]:
    try:
        return {str(name): str(value) for name, value in json.loads(tag or "{}").items()}
    except (ValueError, AttributeError):
        return {}
