import assert from "node:assert/strict";
import fc from "fast-check";
import {
  provenancePredicate,
  provenanceType,
  trainingFacts,
  type TrainingFacts,
} from "../../trust/provenance";
import { modelSubject, readStatement, statementAbout, statementType } from "../../trust/statement";
import type { ProvenancePredicate } from "../../trust/types";
import { keyProblem, verify } from "../../trust/verify";
import { digestOf, pin } from "../support/evidence";
import { signedLine, signedPayload, testKey, trustIn } from "../support/signing";

const mira = testKey("mira@example.com");

const facts: TrainingFacts = {
  stack: "prod",
  command: ["python", "train.py"],
  parameters: { model: "gradient-boosting" },
  data: "data/prod/train.csv",
  dataVersion: "2026-02",
  trainingDataDigest: digestOf("e"),
  evaluationDataDigest: digestOf("d"),
  requirementsDigest: digestOf("5"),
  promotedFrom: `staging:3@${digestOf("a")}`,
  author: "mira@example.com",
  gitCommit: "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567",
  gitDirty: false,
  keyId: mira.keyId,
  tollgate: "0.1.0",
  runId: "8f1c",
  startedAt: "2026-01-31T11:00:00Z",
  finishedAt: "2026-01-31T11:30:00.500Z",
};

const bytesOf = (statement: unknown) => Buffer.from(JSON.stringify(statement));
const read = (predicate: unknown) =>
  readStatement(bytesOf(statementAbout(pin, "training", predicate as never)), "training");

describe("a provenance", () => {
  it("is SLSA v1 about the version, with every fact where that says it", () => {
    assert.deepEqual(statementAbout(pin, "training", provenancePredicate(facts)), {
      _type: statementType,
      subject: [{ name: "models:/churn-model/2", digest: { sha256: "a".repeat(64) } }],
      predicateType: "https://slsa.dev/provenance/v1",
      predicate: {
        buildDefinition: {
          buildType: "https://tollgate.dev/training/v1",
          externalParameters: {
            stack: "prod",
            command: ["python", "train.py"],
            parameters: { model: "gradient-boosting" },
            data: "data/prod/train.csv",
            promotedFrom: facts.promotedFrom,
          },
          internalParameters: { author: "mira@example.com" },
          resolvedDependencies: [
            {
              name: "code",
              digest: { gitCommit: facts.gitCommit },
              annotations: { dirty: false },
            },
            {
              name: "training-data",
              digest: { sha256: "e".repeat(64) },
              annotations: { version: "2026-02" },
            },
            { name: "evaluation-data", digest: { sha256: "d".repeat(64) } },
            { name: "requirements", digest: { sha256: "5".repeat(64) } },
          ],
        },
        runDetails: {
          builder: {
            id: `https://tollgate.dev/trainers/${mira.keyId}`,
            version: { tollgate: "0.1.0" },
          },
          metadata: {
            invocationId: "8f1c",
            startedOn: "2026-01-31T11:00:00Z",
            finishedOn: "2026-01-31T11:30:00.500Z",
          },
        },
      },
    });
    assert.equal(provenanceType, "https://slsa.dev/provenance/v1");
  });

  const text = fc.string({ minLength: 1, maxLength: 40 });
  const digest = fc
    .string({ unit: fc.constantFrom(..."0123456789abcdef"), minLength: 64, maxLength: 64 })
    .map((hex) => `sha256:${hex}`);
  const commit = fc.oneof(
    fc.record({
      gitCommit: digest.map((each) => each.slice(7, 47)),
      gitDirty: fc.boolean(),
    }),
    fc.constant({ gitCommit: null, gitDirty: null }),
  );
  const anyFacts = fc
    .tuple(
      fc.record({
        stack: text,
        command: fc.array(fc.string({ maxLength: 40 }), { minLength: 1, maxLength: 5 }),
        parameters: fc.dictionary(
          fc.string().filter((name) => name !== "__proto__"),
          fc.string(),
          { noNullPrototype: true },
        ),
        data: text,
        dataVersion: text,
        trainingDataDigest: digest,
        evaluationDataDigest: fc.option(digest),
        requirementsDigest: digest,
        promotedFrom: fc.option(text),
        author: fc.option(text),
        runId: text,
        tollgate: text,
      }),
      commit,
    )
    .map(([some, git]): TrainingFacts => ({ ...facts, ...some, ...git }));

  it("says whatever facts it is given, and they are read as they were signed", () => {
    fc.assert(
      fc.property(anyFacts, (given) => {
        const line = signedLine(mira, "training", provenancePredicate(given), [modelSubject(pin)]);
        const verified = verify(line, "training", trustIn([mira]));
        assert.ok(!("problem" in verified), JSON.stringify(verified));
        assert.deepEqual(trainingFacts(verified.statement.predicate), given);
      }),
    );
  });

  it("never counts once a byte of it was changed, and never throws", () => {
    const line = signedLine(mira, "training", provenancePredicate(facts), [modelSubject(pin)]);
    const envelope = JSON.parse(line) as { payload: string };
    const payload = Buffer.from(envelope.payload, "base64");
    fc.assert(
      fc.property(fc.nat(payload.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const changed = Buffer.from(payload);
        changed[at] = changed[at]! ^ change;
        const altered = JSON.stringify({ ...envelope, payload: changed.toString("base64") });
        const verified = verify(altered, "training", trustIn([mira]));
        assert.equal("problem" in verified && verified.problem.code, "signature-invalid");
      }),
      { numRuns: 500 },
    );
  });

  it("is read or refused, whatever its signer put in place of a part, and never throws", () => {
    const places = pathsOf(provenancePredicate(facts));
    fc.assert(
      fc.property(fc.constantFrom(...places), fc.jsonValue(), (place, value) => {
        const predicate = structuredClone(provenancePredicate(facts));
        put(predicate, place, value);
        const statement = statementAbout(pin, "training", predicate);
        const verified = verify(
          signedPayload(mira, bytesOf(statement)),
          "training",
          trustIn([mira]),
        );
        if ("problem" in verified) {
          assert.ok(["signature-unreadable", "key-not-valid-then"].includes(verified.problem.code));
        } else {
          trainingFacts(verified.statement.predicate);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe("readStatement of a training", () => {
  const usual = () => structuredClone(provenancePredicate(facts)) as Mutable<ProvenancePredicate>;
  for (const [what, change, told] of [
    [
      "of another builder's kind",
      (p) => (p.buildDefinition.buildType = "https://example.com/x" as never),
      "predicate.buildDefinition.buildType",
    ],
    [
      "of no known builder",
      (p) => (p.runDetails.builder.id = "https://example.com/ci"),
      "predicate.runDetails.builder.id",
    ],
    [
      "without its training data",
      (p) =>
        (p.buildDefinition.resolvedDependencies = p.buildDefinition.resolvedDependencies.filter(
          ({ name }) => name !== "training-data",
        )),
      "predicate.buildDefinition.resolvedDependencies",
    ],
    [
      "with two kinds of training data",
      (p) =>
        p.buildDefinition.resolvedDependencies.push(p.buildDefinition.resolvedDependencies[1]!),
      "predicate.buildDefinition.resolvedDependencies",
    ],
    [
      "with a dependency that nobody reads",
      (p) =>
        p.buildDefinition.resolvedDependencies.push({
          name: "notes",
          digest: { sha256: "0".repeat(64) },
        }),
      "predicate.buildDefinition.resolvedDependencies.4.name",
    ],
    [
      "with a commit that is none",
      (p) => (p.buildDefinition.resolvedDependencies[0]!.digest = { gitCommit: "HEAD" } as never),
      "predicate.buildDefinition.resolvedDependencies.0.digest.gitCommit",
    ],
    [
      "with a text for the working tree",
      (p) => (p.buildDefinition.resolvedDependencies[0]!.annotations = { dirty: "false" }),
      "predicate.buildDefinition.resolvedDependencies.0.annotations.dirty",
    ],
    [
      "with a local time",
      (p) => (p.runDetails.metadata.finishedOn = "2026-01-31T11:30:00+01:00"),
      "predicate.runDetails.metadata.finishedOn",
    ],
    ["with a field too many", (p) => Object.assign(p, { note: "" }), "predicate.note"],
  ] as [string, (predicate: Mutable<ProvenancePredicate>) => unknown, string][]) {
    it(`refuses one ${what}`, () => {
      const predicate = usual();
      change(predicate);
      assert.deepEqual(read(predicate), {
        unreadable: `it isn't a provenance that \`tollgate train\` signed, see ${told}`,
      });
    });
  }
});

describe("keyProblem", () => {
  const trainers = trustIn([{ key: mira, purposes: ["training"] }]);
  const at = "2026-02-01T12:00:00Z";

  it("is null for a key that may", () => {
    assert.equal(keyProblem(mira.keyId, "training", trainers, at), null);
  });

  for (const [what, trust, code] of [
    ["nobody lists", trustIn([]), "signer-unknown"],
    ["may sign other things", trustIn([{ key: mira, purposes: ["evidence"] }]), "signer-not-allowed"], // prettier-ignore
    ["is revoked", trustIn([mira], [mira]), "key-revoked"],
    ["is put away", trustIn([{ key: mira, options: 'valid-before="20260101Z"' }]), "key-not-valid-then"], // prettier-ignore
    ["stands in a file that can't be read", { signers: "mira", revoked: "" }, "signers-unreadable"],
  ] as const) {
    it(`says why a key that ${what} may not, as verifying would`, () => {
      const problem = keyProblem(mira.keyId, "training", trust, at);
      assert.equal(problem?.code, code);
      const given = provenancePredicate({ ...facts, finishedAt: at });
      const line = signedLine(mira, "training", given, [modelSubject(pin)]);
      const verified = verify(line, "training", trust);
      assert.deepEqual("problem" in verified && verified.problem, problem);
    });
  }
});

type Mutable<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer E)[] ? Mutable<E>[] : Mutable<T[K]> }; // prettier-ignore

/** Where each part of a document lies. */
function pathsOf(value: unknown, at: readonly string[] = []): string[][] {
  if (typeof value !== "object" || value === null) return at.length > 0 ? [[...at]] : [];
  const below = Object.entries(value).flatMap(([key, part]) => pathsOf(part, [...at, key]));
  return at.length > 0 ? [[...at], ...below] : below;
}

function put(document: object, place: readonly string[], value: unknown): void {
  const parent = place.slice(0, -1).reduce<object>((each, key) => (each as never)[key], document);
  Object.assign(parent, { [place.at(-1)!]: value });
}
