// The corpus is real models, measured by the real evaluator and kept as files. This spec judges the files; that the
// evaluator still measures the same is shown by making them anew: `npm run corpus -- --make`.
import assert from "node:assert/strict";
import { gates } from "../policies/gates";
import { corpusNames, type CorpusCandidate, loadCandidate } from "./corpus/load";
import { outcomeOf } from "./corpus/verdicts";

describe("corpus", () => {
  let corpus: CorpusCandidate[];

  before(async () => {
    corpus = await Promise.all(corpusNames().map(loadCandidate));
  });

  for (const name of corpusNames()) {
    it(`judges ${name} as it expects, by no other gate`, () => {
      const outcome = outcomeOf(corpus.find((each) => each.name === name)!);
      assert.equal(outcome.surprise, null, outcome.refusals.map(({ reason }) => reason).join("\n"));
    });
  }

  it("has at least ten good candidates, and thirty that are bad", () => {
    const good = corpus.filter(({ expected }) => "passes" in expected).length;
    assert.ok(good >= 10, `${good} good`);
    assert.ok(corpus.length - good >= 30, `${corpus.length - good} bad`);
  });

  it("has a candidate that each gate refuses", () => {
    const refusing = new Set(
      corpus.map(({ expected }) => ("gate" in expected ? expected.gate : null)),
    );
    assert.deepEqual(
      gates.map(({ name }) => name).filter((name) => !refusing.has(name)),
      [],
    );
  });

  it("has no gate that every candidate leaves out", () => {
    const judging = new Set(
      corpus.flatMap(({ settings }) =>
        Object.entries(settings.gates).flatMap(([name, { level }]) =>
          level === "mandatory" ? [name] : [],
        ),
      ),
    );
    assert.deepEqual(
      gates.map(({ name }) => name).filter((name) => !judging.has(name)),
      [],
    );
  });
});
