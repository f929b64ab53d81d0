import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { gates } from "../../policies/gates";
import { judge, withoutEchoes } from "../../policies/judge";
import { gatesOfExamples, good, refusals } from "./refusals";
import { examplesPage, examplesText } from "./render";

describe("refusals", () => {
  it("has one for every gate, all of them mandatory", () => {
    assert.deepEqual(
      refusals.map(({ gate }) => gate),
      gates.map(({ name }) => name),
    );
    for (const { name } of gates) assert.equal(gatesOfExamples[name]?.level, "mandatory", name);
  });

  it("starts from a candidate that every gate lets pass", () => {
    const refused = judge(good, gatesOfExamples).filter(({ passed }) => !passed);
    assert.deepEqual(
      refused.map(({ reason }) => reason),
      [],
    );
  });

  for (const { gate, what, candidate } of refusals) {
    it(`refuses by ${gate} and by no other gate`, () => {
      const refused = withoutEchoes(judge(candidate, gatesOfExamples)).filter((v) => !v.passed);
      assert.deepEqual([...new Set(refused.map((verdict) => verdict.gate))], [gate]);
      assert.match(what, /^[A-Z].*\.$/);
    });
  }
});

describe("docs/examples/refusals.md", () => {
  it("is what the gates say now (else run `npm run docs:examples`)", () => {
    assert.equal(readFileSync(examplesPage, "utf8"), examplesText());
  });
});
