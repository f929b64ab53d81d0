import assert from "node:assert/strict";
import fc from "fast-check";
import { evidenceLimits, parseEvidence } from "../../registry/evidence-document";
import { compliantEvidence } from "../support/evidence";

const right = JSON.stringify(compliantEvidence());
const parse = (text: string) => parseEvidence(Buffer.from(text));

function unreadable(text: string): string {
  const parsed = parse(text);
  assert.ok("unreadable" in parsed, "it was read");
  return parsed.unreadable;
}

describe("parseEvidence", () => {
  it("reads a document, also an indented one", () => {
    assert.deepEqual(parse(right), { evidence: compliantEvidence() });
    const indented = JSON.stringify(compliantEvidence(), null, 2);
    assert.deepEqual(parse(indented), { evidence: compliantEvidence() });
  });

  it("reads a thousand slices well within its limits", () => {
    const evidence = compliantEvidence();
    const [slice] = evidence.slices;
    const slices = Array.from({ length: 1000 }, (_, index) => ({ ...slice!, name: `s${index}` }));
    const text = JSON.stringify({ ...evidence, slices });
    assert.ok(text.length < evidenceLimits.bytes / 10);
    assert.ok("evidence" in parse(text));
  });

  it("names the field of a NaN, an infinite metric and a text for a number", () => {
    for (const [value, shown] of [
      ["NaN", '"NaN"'],
      ["-Infinity", '"-Infinity"'],
      ['"0.9125"', '"0.9125"'],
      ["null", "null"],
    ] as const) {
      const said = unreadable(right.replace("0.9125", value));
      assert.ok(said.startsWith("metrics.accuracy: "), said);
      assert.ok(said.endsWith(`got ${shown}`), said);
    }
    assert.match(unreadable(right.replace("0.9125", "1e999")), /^metrics\.accuracy: /);
  });

  it("names three faults and counts the others", () => {
    assert.match(unreadable("{}"), /^schema: .*; model: .*; task: .* and \d+ more$/);
  });

  it("refuses a field too many, a field twice and the former schema", () => {
    assert.match(unreadable(right.replace('"task"', '"extra":1,"task"')), /"extra"/);
    const twice = right.replace('"accuracy":0.9125', '"accuracy":0.5,"accuracy":0.9125');
    assert.equal(unreadable(twice), 'it has the field "accuracy" twice');
    assert.match(unreadable(right.replace("evidence/2", "evidence/1")), /^schema: /);
  });

  it("answers with one short line whatever the bytes", () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string(), fc.string({ unit: "binary" })), (text) => {
        const said = unreadable(text);
        assert.ok(said.length < 800);
        assert.doesNotMatch(said, /\p{Cc}/u);
      }),
    );
  });
});
