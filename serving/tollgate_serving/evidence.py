"""The evidence document: the same shape as ``registry/evidence.ts``, checked before it is written."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Digest = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]
#: NaN and infinite numbers are no evidence.
Number = Annotated[float, Field(allow_inf_nan=False)]
Milliseconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class ModelFacts(_Part):
    name: Annotated[str, Field(min_length=1)]
    version: Annotated[str, Field(pattern=r"^[1-9][0-9]*$")]
    digest: Digest
    sizeBytes: Annotated[int, Field(ge=0)]


class DataFacts(_Part):
    path: str
    digest: Digest
    rows: Annotated[int, Field(gt=0)]


class ColumnFacts(_Part):
    name: str
    type: str
    required: bool


class SignatureFacts(_Part):
    inputs: Annotated[list[ColumnFacts], Field(min_length=1)]
    outputs: Annotated[list[ColumnFacts], Field(min_length=1)]


class Latency(_Part):
    """One row a request, over loopback."""

    p50Ms: Milliseconds
    p95Ms: Milliseconds
    p99Ms: Milliseconds
    requests: Annotated[int, Field(gt=0)]
    concurrency: Annotated[int, Field(gt=0)]


class Smoke(_Part):
    passed: bool
    detail: str


class Lineage(_Part):
    """Null means not recorded."""

    runId: str | None
    experiment: str | None
    gitCommit: str | None
    gitDirty: bool | None
    author: str | None
    dataVersion: str | None
    trainingDataDigest: Digest | None
    parameters: dict[str, str]


class Evaluator(_Part):
    version: str
    #: ISO 8601, UTC, ending in Z.
    evaluatedAt: str
    python: str
    platform: str


class Evidence(_Part):
    #: Written as ``schema``, which pydantic keeps for itself.
    format: Annotated[Literal["tollgate.evidence/1"], Field(alias="schema")] = "tollgate.evidence/1"
    model: ModelFacts
    task: Literal["classification", "regression"]
    metrics: dict[str, Number]
    data: DataFacts
    signature: SignatureFacts | None
    latency: Latency
    smoke: Smoke
    lineage: Lineage
    evaluator: Evaluator

    def to_bytes(self) -> bytes:
        """The exact bytes whose sha256 becomes the version's ``tollgate.evidence`` tag."""
        return (self.model_dump_json(by_alias=True, indent=2) + "\n").encode()
