"""The evidence document: the same shape as ``registry/evidence.ts``, checked before it is written."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Digest = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
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


def _later() -> Any:
    """A field that documents of former versions don't have: then it is left out, and never null."""
    return Field(default_factory=lambda: None, exclude_if=lambda value: value is None)


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

    rowsUsed: Positive = _later()


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
    rounds: Positive = _later()
    load: Share = _later()


class Smoke(_Part):
    passed: bool
    detail: str


class KeptAnswers(_Part):
    """The document beside the evidence with what the scorer answered to rows of the evaluation data."""

    digest: Digest
    rows: Positive


class Independence(_Part):
    """Rows whose answer was another one than in the evaluation: in random company, and alone."""

    rows: Positive
    company: Count
    aloneRows: Positive
    alone: Count
    #: Did the scorer put rows of several callers into one call?
    batching: bool


class Answer(_Part):
    """What the settings say of how a class or a number is read from an answer."""

    column: Name | Count = _later()
    threshold: Number = _later()
    argmax: Literal[True] | list[str] = _later()


class ClassFacts(_Part):
    """Which class precision, recall and f1 are about, and who says so and which classes there are."""

    origin: Literal["model", "training-data", "evaluation-data"]
    average: Literal["binary", "macro"]
    positive: str | None
    positiveBy: Literal["setting", "rarer"] | None


class ClassSupport(_Part):
    value: str
    rows: Count
    distinctRows: Count
    predicted: Count


class Support(_Part):
    """``classes`` is null for a regression and for more classes than are counted one by one."""

    distinctRows: Count
    positive: str | None
    classes: list[ClassSupport] | None


class Slice(_Part):
    name: Name
    where: Name
    rows: Count
    support: Support = _later()
    metrics: dict[str, Number]


class Group(_Part):
    value: str
    rows: Count
    distinctRows: Count = _later()
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
    distinctRows: Positive = _later()
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
    distinctRows: Positive = _later()


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


class DriftedFile(MeasuredFile):
    distinctRows: Positive = _later()


class DataDrift(_Part):
    comparison: Literal["training-reference", "evaluation-reference", "live-training"]
    data: DriftedFile
    reference: DriftedFile
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
    distinctRows: Positive = _later()


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


class Trivial(_Part):
    metric: Literal["balanced-accuracy", "rmse"]
    answer: str
    candidate: Number
    trivial: Number
    test: Literal["fisher-exact", "permutation", "paired-bootstrap"]
    pValue: Share
    resamples: Count
    rows: Positive


class TargetComparison(_Part):
    problem: str | None
    quality: ComparedQuality | None
    predictions: ComparedPredictions | None


class Target(_Part):
    """One of several numbers that a regression predicts, measured by itself."""

    name: Name
    metrics: dict[str, Number]
    trivial: Trivial
    slices: list[Slice]
    robustness: list[Robustness]
    comparison: TargetComparison


class Leakage(_Part):
    trainingData: FileFacts
    evaluationRows: Count
    sharedRows: Count
    firstRows: Annotated[list[Positive], Field(max_length=10)] = _later()


class CodeFile(_Part):
    path: str
    format: Literal["pickle", "skops", "other"]
    loads: list[str]
    uses: dict[str, list[str]] = _later()
    problem: str | None
    sha256: Sha256 = _later()


class Code(_Part):
    scanner: str
    scanned: Count = _later()
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
    #: Left out where an answer is itself what is measured, and in older documents.
    answer: Answer = _later()
    #: Left out for a regression, and in older documents.
    classes: ClassFacts = _later()
    metrics: dict[str, Number]
    support: Support = _later()
    trivial: Trivial = _later()
    #: Only of a regression of several numbers, which has its own trivial, slices, robustness and comparison by target.
    targets: Annotated[list[Target], Field(min_length=2)] = _later()
    data: DataFacts
    signature: SignatureFacts | None
    latency: Latency
    memoryBytes: Positive | None
    smoke: Smoke
    #: Left out when the scorer couldn't be asked in JSON, and in older documents: never null.
    answers: KeptAnswers = _later()
    independence: Independence = _later()
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
