import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import Ajv from "ajv";
import { parse } from "yaml";
import {
  evidenceDocumentSchema,
  evidenceSchemaFile,
  stackFileSchema,
  stackFileSchemaFile,
} from "../../config/json-schema";
import { stackSchema } from "../../config/resolve";
import { evidenceSchema } from "../../registry/evidence";
import { compliantEvidence } from "../support/evidence";
import { digest } from "./fixtures";

const root = path.resolve(__dirname, "../..");
const validate = new Ajv({ unknownFormats: "ignore" }).compile(stackFileSchema());

const right: Record<string, unknown>[] = [
  { tier: "dev", model: "m" },
  { tier: "prod", model: "m", pin: `1@${digest}`, runtime: "local" },
  { tier: "dev", model: "m", scorer: { port: 1, logLevel: "INFO" } },
  { tier: "dev", model: "m", train: { command: ["a"], data: "b", parameters: { c: 1, d: true } } },
  { tier: "dev", model: "m", gates: { level: "advisory" } },
  { tier: "dev", model: "m", gates: { "metric-floor": { floors: { f1: 1 }, level: "mandatory" } } },
];
const wrong: Record<string, unknown>[] = [
  {},
  { tier: "dev" },
  { tier: "qa", model: "m" },
  { tier: "dev", model: "a/b" },
  { tier: "dev", model: "m", pin: "1" },
  { tier: "dev", model: "m", scorr: {} },
  { tier: "dev", model: "m", scorer: { port: 70000 } },
  { tier: "dev", model: "m", scorer: { port: "1" } },
  { tier: "dev", model: "m", train: { command: [], data: "b" } },
  { tier: "dev", model: "m", gates: { "metric-flor": {} } },
  { tier: "dev", model: "m", gates: { "metric-floor": { floors: { f1: "2" } } } },
  { tier: "dev", model: "m", gates: { approvals: { required: 0.5 } } },
  { tier: "dev", model: "m", release: { maxErrorRate: -1 } },
];

function file(settings: Record<string, unknown>): { config: object; encryptionsalt: string } {
  const entries = Object.entries(settings).map(([key, value]) => [`tollgate:${key}`, value]);
  return { config: Object.fromEntries(entries) as object, encryptionsalt: "v1" };
}

describe("stackFileSchema", () => {
  it("is committed as it is now (else run `npm run schema`)", () => {
    assert.equal(fs.readFileSync(stackFileSchemaFile.file, "utf8"), stackFileSchemaFile.text());
  });

  for (const settings of [...right, ...wrong]) {
    it(`says the same as the settings' schema of ${JSON.stringify(settings)}`, () => {
      const expected = right.includes(settings);
      assert.equal(stackSchema.safeParse(settings).success, expected);
      assert.equal(validate(file(settings)), expected, JSON.stringify(validate.errors));
    });
  }

  it("allows keys of other namespaces and refuses a file without config", () => {
    const { config } = file({ tier: "dev", model: "m" });
    assert.equal(validate({ config: { ...config, "aws:region": { any: 1 } } }), true);
    assert.equal(validate({ config: { ...config, "tollgate:region": "eu" } }), false);
    assert.equal(validate({}), false);
  });

  it("accepts every committed stack file", () => {
    const stacks = ["", "examples/churn", "examples/breast-cancer"].flatMap((folder) =>
      fs
        .readdirSync(path.join(root, folder))
        .filter((name) => /^Pulumi\..+\.yaml$/.test(name))
        .map((name) => path.join(root, folder, name)),
    );
    assert.ok(stacks.length >= 9, stacks.join(", "));
    for (const stack of stacks) {
      const ok = validate(parse(fs.readFileSync(stack, "utf8")));
      assert.equal(ok, true, `${stack}: ${JSON.stringify(validate.errors)}`);
    }
  });

  it("describes every setting of a gate", () => {
    const text = stackFileSchemaFile.text();
    for (const description of ["Lowest accepted value by metric", "Highest accepted P95 latency"]) {
      assert.ok(text.includes(description), description);
    }
  });
});

describe("evidenceDocumentSchema", () => {
  const check = new Ajv({ unknownFormats: "ignore" }).compile(evidenceDocumentSchema());

  it("is committed as it is now (else run `npm run schema`)", () => {
    assert.equal(fs.readFileSync(evidenceSchemaFile.file, "utf8"), evidenceSchemaFile.text());
  });

  it("accepts evidence, and refuses what the evidence's own schema refuses", () => {
    const right = compliantEvidence();
    assert.equal(check(right), true, JSON.stringify(check.errors));
    const wrong: unknown[] = [
      {},
      { ...right, extra: 1 },
      { ...right, schema: "tollgate.evidence/1" },
      { ...right, metrics: { accuracy: "0.9" } },
      { ...right, latency: { ...right.latency, p95Ms: -1 } },
      { ...right, data: { ...right.data, rows: 1.5 } },
      { ...right, model: { ...right.model, digest: "sha256:0" } },
      { ...right, fairness: [{ ...right.fairness[0], disparateImpact: 80 }] },
    ];
    for (const document of wrong) {
      assert.equal(evidenceSchema.safeParse(document).success, false);
      assert.equal(check(document), false, JSON.stringify(document).slice(0, 80));
    }
  });

  it("allows null exactly where something may not have been measured", () => {
    const right = compliantEvidence();
    for (const part of Object.keys(right)) {
      const without = { ...right, [part]: null };
      assert.equal(check(without), evidenceSchema.safeParse(without).success, part);
    }
  });
});
