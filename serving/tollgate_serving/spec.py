"""What the command line asks the evaluator to measure."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tollgate_serving.errors import UserError
from tollgate_serving.evidence import Digest
from tollgate_serving.fetch import Pinned, one_line

Text = Annotated[str, Field(min_length=1)]


class DeployedVersion(BaseModel):
    """What the stack serves now."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: Text
    version: Text
    digest: Digest

    def pinned(self) -> Pinned:
        return Pinned(f"models:/{self.name}/{self.version}", self.name, self.version, self.digest)


class AnswerSettings(BaseModel):
    """What of a model's answer to a row is measured; nothing given: the one value that it answers."""

    model_config = ConfigDict(extra="forbid", strict=True)

    #: Column of the answer: its name, or its place counted from 0.
    column: Text | Annotated[int, Field(ge=0)] | None = None
    #: The positive class where the number is at least this.
    threshold: float | None = None
    #: The class whose number is the largest: the columns' own names or the model's classes, or the classes in order.
    argmax: Literal[True] | list[str] | None = None


class Spec(BaseModel):
    """One evaluation. Paths are absolute; the ``*_path`` beside one is the same as the settings write it."""

    model_config = ConfigDict(extra="forbid", strict=True)

    model: Text
    version: Text
    tracking_uri: Text
    data: Text
    data_path: Text
    #: The column to predict, or the columns of a regression of several numbers.
    label: Text | Annotated[list[Text], Field(min_length=1)]
    task: Literal["classification", "regression"]
    #: Name of the class that precision, recall and f1 are about.
    positive: str | None = None
    answer: AnswerSettings = AnswerSettings()
    stage: Text
    evaluator_version: Text
    #: One-row requests the latency is measured with, by all callers together.
    requests: Annotated[int, Field(gt=0)] = 200
    #: Settings of the gates that aren't disabled, by gate name.
    gates: dict[str, dict[str, Any]] = {}
    deployed: DeployedVersion | None = None
    training_data: str | None = None
    training_data_path: str | None = None
    #: Relative paths in the gates' settings start here.
    project_dir: str = "."
    #: Folder in which the scorers keep the rows that callers sent lately.
    captured: str | None = None
    #: More rows than these are sampled.
    max_rows: Annotated[int, Field(gt=0)] = 200_000
    seed: Annotated[int, Field(ge=0)] = 0
    git_commit: str | None = None
    #: Longest wait for a scorer to be ready: ``tollgate:scorer.startTimeoutSeconds``.
    start_timeout_seconds: Annotated[float, Field(ge=0)] = 60
    #: How a release starts the stack's scorers, as further words of the command line.
    scorer_options: list[str] = []

    @classmethod
    def read(cls, path: Path) -> Spec:
        """Raises UserError naming the first field that is wrong."""
        try:
            return cls.model_validate_json(path.read_bytes())
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(map(str, first["loc"])) or "the document"
            raise UserError(
                f"the spec {path} can't be read: {where} is wrong ({first['msg']}); correct it."
            ) from error
        except OSError as error:
            raise UserError(f"the spec {path} can't be read: {one_line(error)}.") from error

    @property
    def labels(self) -> list[str]:
        """The label columns, most often one."""
        return [self.label] if isinstance(self.label, str) else self.label

    def gate(self, name: str) -> dict[str, Any] | None:
        """Settings of a gate; None when it is disabled."""
        return self.gates.get(name)
