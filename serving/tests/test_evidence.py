"""The evaluator's evidence document against the registry side's schema, which has the last word."""

import json
import subprocess

import pytest
from pydantic import ValidationError
from servers import SERVING
from tollgate_serving.evidence import Evidence

ROOT = SERVING.parent


def from_typescript(expression):
    """The JSON of an expression over the registry side's schema and fixtures."""
    script = (
        "const { z } = require('zod');"
        "const { evidenceSchema } = require('./registry/evidence.ts');"
        "const { compliantEvidence } = require('./test/support/evidence.ts');"
        f"process.stdout.write(JSON.stringify({expression}));"
    )
    command = ["node", "--require", "tsx/cjs", "-e", script]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def compliant():
    return from_typescript("compliantEvidence()")


def plain(schema, definitions):
    """A JSON schema with references filled in and without what only describes it."""
    if isinstance(schema, list):
        return [plain(item, definitions) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return plain(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    kept = {
        key: value
        if key == "required"
        else {name: plain(item, definitions) for name, item in value.items()}
        if key == "properties"
        else plain(value, definitions)
        for key, value in schema.items()
        if key not in ("title", "description", "$defs", "$schema", "propertyNames")
    }
    if isinstance(kept.get("type"), list):
        # Two ways to say the same.
        kept = {"anyOf": [{"type": kind} for kind in kept["type"]]}
    if "required" in kept:
        kept["required"] = sorted(kept["required"])
    return kept


def test_has_the_very_schema_of_the_registry_side():
    theirs = plain(from_typescript("z.toJSONSchema(evidenceSchema)"), {})
    own = Evidence.model_json_schema(by_alias=True)
    own = plain(own, own["$defs"])
    # Each side has its own pattern for a time.
    for schema in (theirs, own):
        schema["properties"]["evaluator"]["properties"]["evaluatedAt"] = {"type": "string"}
    assert own == theirs


def test_reads_and_writes_a_document_of_the_registry_side_unchanged(compliant):
    written = Evidence.model_validate(compliant).to_bytes()
    assert json.loads(written) == compliant
    assert written.endswith(b"}\n")


def test_writes_that_a_sample_was_measured(compliant):
    document = changed(compliant, "dataQuality.data.rowsUsed", 7)
    assert json.loads(Evidence.model_validate(document).to_bytes()) == document


def test_reads_and_writes_a_document_of_before_answers_were_kept(compliant):
    older = {key: value for key, value in compliant.items() if key != "answers"}
    assert json.loads(Evidence.model_validate(older).to_bytes()) == older


def changed(document, path, value):
    """A copy with one value replaced; the path is dotted."""
    copy = json.loads(json.dumps(document))
    *parents, last = path.split(".")
    place = copy
    for key in parents:
        place = place[int(key) if isinstance(place, list) else key]
    place[last] = value
    return copy


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("metrics.accuracy", float("nan")),
        ("metrics.accuracy", float("inf")),
        ("metrics.accuracy", "0.9"),
        ("metrics.accuracy", None),
        ("schema", "tollgate.evidence/1"),
        ("further", 1),
        ("latency.p95Ms", -1.0),
        ("latency.requests", 200.5),
        ("data.rowsUsed", 0),
        ("answers", None),
        ("answers.rows", 0),
        ("answers.digest", "sha256:0"),
        ("dataDrift.0.reference.rowsUsed", 0),
        ("dataQuality.data.rowsUsed", None),
        ("model.digest", "sha256:ABC"),
        ("calibration.brier", 2.5),
        ("fairness.0.disparateImpact", 1.25),
        ("fairness.0.groups", []),
        ("robustness.0.kind", "rain"),
        ("comparison.quality.pValue", -0.5),
        ("evaluator.evaluatedAt", "2026-01-31 12:00:00"),
        ("evaluator.memoryBytes", 2**60),
    ],
)
def test_refuses_a_document_with(compliant, path, value):
    with pytest.raises(ValidationError, match=path.partition(".")[0]):
        Evidence.model_validate(changed(compliant, path, value))


@pytest.mark.parametrize("part", ["latency", "slices", "calibration", "code", "modelSignature"])
def test_refuses_a_document_without_the_part(compliant, part):
    with pytest.raises(ValidationError, match=part):
        Evidence.model_validate({key: value for key, value in compliant.items() if key != part})
