"""The evidence document: the same shape as ``registry/evidence.ts``, checked before it is written."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Digest = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]
Name = Annotated[str, Field(min_length=1)]
#: NaN and infinite numbers are no evidence.
Number = Annotated[float, Field(allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
#: Also a p-value: how likely a result at least this extreme is by chance alone.
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
#: The largest whole number that JavaScript keeps exactly.
_LARGEST = 2**53 - 1
Count = Annotated[int, Field(ge=0, le=_LARGEST)]
Positive = Annotated[int, Field(gt=0, le=_LARGEST)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class ModelFacts(_Part):
    name: Name
    version: Annotated[str, Field(pattern=r"^[1-9][0-9]*$")]
    digest: Digest
    sizeBytes: Count


class DataFacts(_Part):
    path: str
    digest: Digest
    rows: Positive
    rowsUsed: Positive


class FileFacts(_Part):
    """A table other than the evaluation data."""

    path: str
    digest: Digest
    rows: Count


class MeasuredFile(FileFacts):
    """A table of which all rows were measured, or ``rowsUsed`` drawn at random: then it is written, and never null."""

    rowsUsed: Positive = Field(default_factory=lambda: None, exclude_if=lambda value: value is None)


class ColumnFacts(_Part):
    name: str
    type: str
    required: bool


class SignatureFacts(_Part):
    inputs: Annotated[list[ColumnFacts], Field(min_length=1)]
    outputs: Annotated[list[ColumnFacts], Field(min_length=1)]


class Latency(_Part):
    """One row a request, over loopback."""

    p50Ms: NotNegative
    p95Ms: NotNegative
    p99Ms: NotNegative
    requests: Positive
    concurrency: Positive


class Smoke(_Part):
    passed: bool
    detail: str


class Slice(_Part):
    name: Name
    where: Name
    rows: Count
    metrics: dict[str, Number]


class Group(_Part):
    value: str
    rows: Count
    selectionRate: Share


class Fairness(_Part):
    column: Name
    demographicParityDifference: Share
    equalizedOddsDifference: Share
    disparateImpact: Share
    groups: Annotated[list[Group], Field(min_length=1)]


class Robustness(_Part):
    kind: Literal["noise", "missing", "swapped", "outOfRange", "adversarial"]
    strength: NotNegative
    rows: Positive
    metric: str
    baseline: Number
    disturbed: Number | None
    nonFinite: Count
    failure: str | None


class Calibration(_Part):
    expectedCalibrationError: Share
    brier: Annotated[float, Field(ge=0, le=2, allow_inf_nan=False)]
    bins: Positive
    rows: Positive


class BrokenRule(_Part):
    column: str | None
    check: str
    rows: Count


class DataQuality(_Part):
    rules: Name
    rulesDigest: Digest
    data: MeasuredFile
    validShare: Share
    failures: list[BrokenRule]


class ColumnDrift(_Part):
    column: str
    kind: Literal["numeric", "categorical"]
    psi: NotNegative
    test: Literal["kolmogorov-smirnov", "chi-square"]
    pValue: Share
    adjustedPValue: Share


class DataDrift(_Part):
    comparison: Literal["training-reference", "evaluation-reference", "live-training"]
    data: MeasuredFile
    reference: MeasuredFile
    columns: Annotated[list[ColumnDrift], Field(min_length=1)]


class DeployedFacts(_Part):
    name: str
    version: str
    digest: Digest
    signature: SignatureFacts | None


class ComparedQuality(_Part):
    metric: str
    candidate: Number
    deployed: Number
    loss: Number
    lossAtMost: Number
    test: Literal["mcnemar-exact", "paired-bootstrap"]
    pValue: Share
    significance: Share
    resamples: Count
    rows: Positive


class ComparedPredictions(_Part):
    kind: Literal["classes", "scores"]
    psi: NotNegative
    test: Literal["chi-square", "kolmogorov-smirnov"]
    pValue: Share


class Comparison(_Part):
    deployed: DeployedFacts
    problem: str | None
    quality: ComparedQuality | None
    predictions: ComparedPredictions | None


class Leakage(_Part):
    trainingData: FileFacts
    evaluationRows: Count
    sharedRows: Count


class CodeFile(_Part):
    path: str
    format: Literal["pickle", "skops", "other"]
    loads: list[str]
    problem: str | None


class Code(_Part):
    scanner: str
    files: list[CodeFile]


class Database(_Part):
    path: str
    digest: Digest
    records: Count


class Vulnerable(_Part):
    package: str
    version: str
    advisory: str


class Dependencies(_Part):
    file: str | None
    unpinned: list[str]
    database: Database | None
    vulnerable: list[Vulnerable]


class ModelSignature(_Part):
    path: str
    status: Literal["valid", "verified", "invalid", "unreadable"]
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
    evaluatedAt: Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")]
    python: str
    platform: str
    cpus: Positive
    memoryBytes: Positive
    seed: Count
    gitCommit: str | None


class Evidence(_Part):
    """A part that is null or empty was not measured, which the gate that needs it refuses."""

    #: Written as ``schema``, which pydantic keeps for itself.
    format: Annotated[Literal["tollgate.evidence/2"], Field(alias="schema")]
    model: ModelFacts
    task: Literal["classification", "regression"]
    metrics: dict[str, Number]
    data: DataFacts
    signature: SignatureFacts | None
    latency: Latency
    memoryBytes: Positive | None
    smoke: Smoke
    slices: list[Slice]
    fairness: list[Fairness]
    robustness: list[Robustness]
    calibration: Calibration | None
    dataQuality: DataQuality | None
    dataDrift: list[DataDrift]
    comparison: Comparison | None
    leakage: Leakage | None
    code: Code
    dependencies: Dependencies
    modelSignature: ModelSignature | None
    lineage: Lineage
    evaluator: Evaluator

    def to_bytes(self) -> bytes:
        """The exact bytes whose sha256 becomes the version's ``tollgate.evidence`` tag."""
        return (self.model_dump_json(by_alias=True, indent=2) + "\n").encode()
