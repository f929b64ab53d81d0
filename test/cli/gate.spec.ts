import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../cli/context";
import type { Verdict } from "../../policies/gate";
import type { Evidence } from "../../registry/evidence";
import { run as runCommand } from "../support/project";
import { digestOf } from "../support/evidence";
import { envelopeOf, judgedProject, recentEvidence, tollgate } from "./support/judged-project";

interface Judged {
  stack: string;
  pin: { name: string; version: string; digest: string };
  blocked: boolean;
  verdicts: Verdict[];
  notLookedAt: string[];
}

// What a real registry and a real release add is in test/engine.

describe("tollgate gate --evidence", function () {
  this.timeout(30_000);
  let project: ReturnType<typeof judgedProject>;
  beforeEach(() => (project = judgedProject()));
  afterEach(() => project.remove());

  const at = (file: string) => join(project.dir, file);
  const judge = (...more: string[]) =>
    tollgate(
      "gate",
      "--evidence",
      at("evidence.json"),
      "--settings",
      at("Pulumi.staging.yaml"),
      ...more,
    );
  const refusals = ({ verdicts }: Judged) =>
    verdicts.filter((v) => v.status === "refused").map(({ gate, code }) => `${gate} ${code}`);
  async function judged(): Promise<Judged & { code: number }> {
    const { code, out } = await judge("--json");
    return { ...(JSON.parse(out) as Judged), code };
  }
  function change(edit: (evidence: Evidence) => void, signed = true): void {
    const evidence = structuredClone(recentEvidence());
    edit(evidence);
    const document = JSON.stringify(evidence);
    writeFileSync(at("evidence.json"), document);
    if (signed) writeFileSync(at("evidence.dsse.json"), envelopeOf(document, evidence));
  }

  it("passes evidence that every gate lets pass, and says what it couldn't look at", async () => {
    const document = await judged();
    assert.deepEqual(refusals(document), []);
    assert.deepEqual([document.code, document.blocked, document.stack], [0, false, "staging"]);
    assert.deepEqual(document.pin, { name: "churn-model", version: "2", digest: digestOf("a") });
    assert.deepEqual(document.notLookedAt, [
      "No registry was asked, so its tags and the stored bytes weren't compared.",
      "There are no receipts here, so what the stack serves isn't known.",
    ]);
  });

  it("refuses a metric below the floor with exit code 2, in words and as markdown", async () => {
    change((evidence) => (evidence.metrics.accuracy = 0.894));
    const text = await judge();
    assert.equal(text.code, 2);
    assert.match(text.out, /^metric-floor accuracy +refused +0\.894 +0\.9 +-0\.006$/m);
    assert.match(text.out, /^Refused in staging\.\n$/m);
    const markdown = await judge("--markdown");
    assert.equal(markdown.code, 2);
    assert.match(markdown.out, /^### Tollgate: `staging`, refused$/m);
    assert.match(
      markdown.out,
      /^\| metric-floor accuracy \| \*\*refused\*\* \| 0\.894 \| 0\.9 \|/m,
    );
  });

  it("refuses evidence that was altered after it was signed", async () => {
    change((evidence) => (evidence.metrics.accuracy = 0.99), false);
    assert.deepEqual(refusals(await judged()), ["evidence-signed signature-for-another"]);
  });

  it("refuses bytes other than those that the stack pins of the same version", async () => {
    project.remove();
    project = judgedProject(`  tollgate:pin: 2@${digestOf("b")}\n`);
    assert.ok(refusals(await judged()).includes("digest-matches digest-differs"));
  });

  it("refuses evidence of another model", async () => {
    change((evidence) => (evidence.model.name = "other-model"));
    assert.ok(refusals(await judged()).includes("digest-matches other-version"));
  });

  it("refuses evidence of other data than the settings pin", async () => {
    change((evidence) => (evidence.data.digest = digestOf("b")));
    assert.deepEqual(refusals(await judged()), ["provenance evaluated-on-other-data"]);
  });

  it("refuses without the evaluation data and without a digest of it", async () => {
    const settings = readFileSync(at("Pulumi.staging.yaml"), "utf8");
    writeFileSync(at("Pulumi.staging.yaml"), settings.replace(/, digest: "[^"]+"/, ""));
    const document = await judged();
    assert.deepEqual(refusals(document), [
      "provenance evaluation-data-unknown",
      "settings-reviewed not-reviewed",
    ]);
    assert.equal(
      document.notLookedAt[2],
      "The evaluation data isn't at hand, and the settings pin no digest of it.",
    );
  });

  it("refuses a missing document, a folder and one that can't be read, by evidence-present", async () => {
    for (const [file, code] of [
      ["absent.json", "evidence-missing"],
      [".", "evidence-missing"],
      ["Pulumi.yaml", "evidence-unreadable"],
    ] as const) {
      const settings = ["--settings", at("Pulumi.staging.yaml")];
      const result = await tollgate("gate", "--evidence", at(file), ...settings, "--json");
      assert.equal(result.code, 2, result.out);
      const { verdicts } = JSON.parse(result.out) as Judged;
      assert.deepEqual([verdicts[0]?.gate, verdicts[0]?.code], ["evidence-present", code]);
    }
  });

  it("takes an envelope that was named, and fails when it isn't there", async () => {
    rmSync(at("evidence.dsse.json"));
    assert.deepEqual(refusals(await judged()), ["evidence-signed signature-missing"]);
    const document = readFileSync(at("evidence.json"), "utf8");
    writeFileSync(at("elsewhere.json"), envelopeOf(document));
    const named = await judge("--signature", at("elsewhere.json"), "--json");
    assert.deepEqual(refusals(JSON.parse(named.out) as Judged), []);
    const missing = await judge("--signature", at("nothing.json"));
    assert.deepEqual(missing, {
      code: 1,
      out: "",
      err: `There is no signature to check, as there is no file ${at("nothing.json")}.\n`,
    });
  });

  it("takes a provenance that was named or lies beside, and refuses without where signatures count", async () => {
    const provenance = readFileSync(at("provenance.dsse.json"), "utf8");
    rmSync(at("provenance.dsse.json"));
    assert.deepEqual(refusals(await judged()), ["training-signed signature-missing"]);
    writeFileSync(at("elsewhere.json"), provenance);
    const named = await judge("--provenance", at("elsewhere.json"), "--json");
    assert.deepEqual(refusals(JSON.parse(named.out) as Judged), []);
    const missing = await judge("--provenance", at("nothing.json"));
    assert.equal(missing.code, 1);
    assert.match(missing.err, /^There is no provenance to check, as there is no file /);
  });

  it("fails with 1 for settings that can't be used and with 64 for a wrong call", async () => {
    const evidence = ["--evidence", at("evidence.json")];
    const fails = async (code: number, said: RegExp, ...words: string[]) => {
      const result = await tollgate("gate", ...evidence, ...words);
      assert.equal(result.code, code, result.out);
      assert.equal(result.out, "");
      assert.match(result.err, said);
    };
    await fails(1, /has no file Pulumi\.prod\.yaml/, "--settings", at("Pulumi.prod.yaml"));
    await fails(1, /is not a stack's settings/, "--settings", at("Pulumi.yaml"));
    writeFileSync(at("Pulumi.bad.yaml"), "config:\n  tollgate:tier: qa\n");
    await fails(1, /tollgate:tier: got "qa"/, "--settings", at("Pulumi.bad.yaml"));
    writeFileSync(at("Pulumi.staging.yml"), "config: {}\n");
    await fails(1, /which counts: remove one\.\n$/, "--settings", at("Pulumi.staging.yml"));
    await fails(64, /^--floor is for a number on stdin/, "--floor", "accuracy=0.9");
  });

  it("prints the same bytes in two processes, and the same verdicts for shuffled keys", async () => {
    const command = [
      join(root, "toolchain", "tollgate.cjs"),
      ...["gate", "--json", "--evidence", "evidence.json", "--settings", "Pulumi.staging.yaml"],
    ];
    const print = async () => (await runCommand(process.execPath, command, project.dir)).stdout;
    const [first, second] = await Promise.all([print(), print()]);
    assert.equal(first, second);
    const { verdicts } = JSON.parse(first) as Judged;
    assert.ok(verdicts.length > 15);

    const document = JSON.stringify(reversed(recentEvidence()));
    writeFileSync(at("evidence.json"), document);
    writeFileSync(at("evidence.dsse.json"), envelopeOf(document));
    const shuffled = JSON.parse(await print()) as Judged;
    assert.equal(JSON.stringify(shuffled.verdicts), JSON.stringify(verdicts));
  });
});

/** The same value with the keys of every object in the opposite order. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, each]) => [key, reversed(each)] as const);
  return Object.fromEntries(entries.reverse());
}

describe("tollgate gate, from stdin", function () {
  this.timeout(60_000);
  let project: ReturnType<typeof judgedProject>;
  before(() => {
    project = judgedProject("", {
      "Pulumi.dev.yaml": "config:\n  tollgate:tier: dev\n  tollgate:model: churn-model\n",
    });
  });
  after(() => project.remove());

  async function pipe(input: string, ...words: string[]) {
    const command = [join(root, "toolchain", "tollgate.cjs"), ...["gate", ...words]];
    return runCommand(process.execPath, command, project.dir, { input });
  }
  const said = (accuracy: string) =>
    `{"run_id": "8f1c", "accuracy": ${accuracy}, "model_version": "3"}\n`;

  it("answers as the evaluate step of the promotion exercise does, with the verdicts", async () => {
    const { code, stdout } = await pipe(
      said("0.91"),
      "--settings",
      "Pulumi.staging.yaml",
      "--json",
    );
    const { verdicts, note, ...answer } = JSON.parse(stdout) as Record<string, unknown>;
    assert.equal(code, 0);
    assert.deepEqual(answer, {
      passed: true,
      accuracy: 0.91,
      threshold: 0.9,
      model_version: "3",
      run_id: "8f1c",
    });
    assert.equal((verdicts as Verdict[]).length, 1);
    assert.match(
      String(note),
      /^A number on stdin is no evidence: only metric-floor was judged, and none of the other \d+ gates of staging\.$/,
    );
  });

  it("refuses a number below the floor with exit code 2, exactly the floor passes", async () => {
    const floor = ["--floor", "accuracy=0.9"];
    assert.equal((await pipe(said("0.9"), ...floor)).code, 0);
    const { code, stdout } = await pipe(said("0.899"), ...floor);
    assert.equal(code, 2);
    assert.match(
      stdout,
      /^metric-floor accuracy: the model v3 has accuracy 0\.899 on stdin, below the floor 0\.9/m,
    );
  });

  it("refuses what is no number, no JSON, or nothing at all with exit code 2", async () => {
    for (const input of [said("NaN"), said('"0.95"'), "not json", "", '{"accuracy": 0.95}']) {
      const { code, stdout } = await pipe(input, "--floor", "accuracy=0.9", "--json");
      assert.equal(code, 2, input);
      assert.equal((JSON.parse(stdout) as { passed: boolean }).passed, false);
    }
  });

  it("fails with 64 where there is no limit to judge by", async () => {
    const dev = await pipe(said("0.95"), "--settings", "Pulumi.dev.yaml");
    assert.equal(dev.code, 64);
    assert.match(dev.stderr, /^metric-floor is disabled in dev/);
    const percent = await pipe(said("0.95"), "--floor", "accuracy=90");
    assert.equal(percent.code, 64);
    assert.match(percent.stderr, /^--floor accuracy=90 is no limit/);
  });
});
