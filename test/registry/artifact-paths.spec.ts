import assert from "node:assert/strict";
import fc from "fast-check";
import fs from "node:fs";
import path from "node:path";
import {
  artifactPath,
  type DocumentEnding,
  type VersionDocument,
} from "../../registry/artifact-paths";
import { digestOf } from "../support/fixtures";

interface Vector {
  readonly document: VersionDocument;
  readonly model: string;
  readonly version: string;
  readonly digest: string;
  readonly ending: DocumentEnding;
  readonly path: string;
}

const file = path.join(__dirname, "..", "..", "serving", "tests", "artifact_vectors.json");
const vectors = JSON.parse(fs.readFileSync(file, "utf8")) as Vector[];

describe("artifactPath", () => {
  for (const { document, model: name, version, digest, ending, path: expected } of vectors) {
    it(`is ${expected}, as in Python`, () => {
      assert.equal(artifactPath(document, { name, version, digest }, ending), expected);
    });
  }

  it("is one plain path for every name, and another for every other version", () => {
    const version = fc.record({
      name: fc.string({ unit: "grapheme", minLength: 1 }),
      version: fc.integer({ min: 1, max: 99 }).map(String),
      digest: fc.constantFrom(digestOf("a"), digestOf("b")),
    });
    fc.assert(
      fc.property(version, version, (a, b) => {
        const [first, second] = [a, b].map((each) => artifactPath("evidence", each));
        assert.match(first!, /^tollgate\/evidence-[0-9]+-[0-9a-f]{32}\.json$/);
        const same = a.name === b.name && a.version === b.version && a.digest === b.digest;
        assert.equal(first === second, same);
      }),
    );
  });
});
