// Each way round the gates, tried on the real engine and real servers by somebody who may edit files, run any command and
// write to the registry, but holds no key of an approver. One production environment that serves version 1.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { readReceipts } from "../../history/receipts";
import { planDigest } from "../../policies/plan";
import type { GateConfigurations, PinnedVersion, Verdict } from "../../policies/gate";
import { refusalsOf } from "../../policies/waived";
import { loadFromFile } from "../../config/load";
import { registryClient } from "../../config/registry";
import { fetchProvenance, storeProvenance } from "../../registry/provenance";
import { sha256 } from "../../strict/canonical";
import { provenancePredicate, trainingFacts } from "../../trust/provenance";
import { modelSubject, readClaim } from "../../trust/statement";
import type { ApprovalPredicate, WaiverPredicate } from "../../trust/types";
import { TestProject, type CommandResult } from "../support/project";
import { signedLine, signersOf, testKey, type TestKey } from "../support/signing";

const root = path.join(__dirname, "..", "..");
const minutes = (n: number) => n * 60_000;
const hours = (n: number) => new Date(Date.now() + n * 3_600_000).toISOString();

/** A refusal of settings-reviewed about one field. */
const unreviewed = (field: RegExp) => new RegExp(`settings-reviewed: .*${field.source}`);

const [mira, ana, ben] = [testKey("mira"), testKey("ana"), testKey("ben")];

describe("ways round the gates, in production", function () {
  this.timeout(minutes(5));
  let project: TestProject;
  let gates: GateConfigurations;
  /** Served; refused for its accuracy; good and not approved. */
  let served: PinnedVersion, weak: PinnedVersion, good: PinnedVersion;
  /** What each version was measured to be: the digest of its evidence and what the gates said, by its digest. */
  const found = new Map<string, { evidence: string; verdicts: Verdict[] }>();

  const url = () => `http://127.0.0.1:${project.ports["prod"]!.scorer}`;
  const file = (...names: string[]) => path.join(project.dir, ...names);
  const preview = (...more: string[]) =>
    project.pulumi(["preview", "--stack", "prod", "--non-interactive", ...more]);

  function keyFile({ name, pem }: TestKey): string {
    const target = file(".tollgate", "keys", name);
    fs.mkdirSync(path.dirname(target), { recursive: true });
    fs.writeFileSync(target, pem, { mode: 0o600 });
    return target;
  }

  /** Trains, measures and signs one version; gives what a pin of it would name. */
  async function version(number: string, code: 0 | 2, ...params: string[]): Promise<PinnedVersion> {
    await trained(...params.flatMap((each) => ["--param", each]), "--key", keyFile(mira));
    return measured(number, code);
  }

  const trained = (...words: string[]) => project.must("train", "--stack", "prod", ...words);

  /** Measures a version and signs the evidence, as the evaluator's job does with whatever is registered. */
  async function measured(number: string, code: 0 | 2): Promise<PinnedVersion> {
    const evaluated = await project.tollgate([
      ...["evaluate", "--stack", "prod", "--model-version", number],
      ...["--key", keyFile(mira), "--json"],
    ]);
    assert.equal(evaluated.code, code, evaluated.stdout + evaluated.stderr);
    const { pin, verdicts } = JSON.parse(evaluated.stdout) as {
      pin: PinnedVersion;
      verdicts: Verdict[];
    };
    found.set(pin.digest, { evidence: await tag(pin, "tollgate.evidence"), verdicts });
    return pin;
  }

  function approval(pin: PinnedVersion, approver: string, change: Partial<ApprovalPredicate> = {}) {
    const { name: model, version, digest } = pin;
    const plan = planDigest("prod", pin, gates);
    const { evidence } = found.get(digest)!;
    const [at, expires] = [hours(-1), hours(24)];
    const bound = { stack: "prod", model, version, digest, evidence, plan };
    return { approver, ...bound, at, expires, ...change };
  }

  function waiver(pin: PinnedVersion, change: Partial<WaiverPredicate> = {}): WaiverPredicate {
    const { name: model, version, digest } = pin;
    const reason = "The campaign starts today";
    const [at, expires] = [hours(-1), hours(24)];
    const { evidence, verdicts } = found.get(digest)!;
    const { gate = "metric-floor" } = change;
    const refusals = refusalsOf(verdicts.filter((verdict) => verdict.gate === gate));
    const bound = { stack: "prod", model, version, digest, evidence, refusals };
    return { gate, ...bound, reason, owner: "ana", at, expires, ...change };
  }

  /** Pins a version with these signed lines beside it, for one try. */
  async function tried(
    pin: PinnedVersion,
    lines: { approvals?: string[]; waivers?: string[] },
    attempt: () => Promise<CommandResult> = preview,
  ): Promise<CommandResult> {
    await project.must("pin", pin.version, "--stack", "prod");
    for (const kind of ["approvals", "waivers"] as const) {
      fs.mkdirSync(file(kind), { recursive: true });
      const all = [...(lines[kind] ?? [])].map((line) => `${line}\n`);
      fs.writeFileSync(file(kind, "prod.jsonl"), all.join(""));
    }
    return attempt();
  }

  async function assertRefused(result: CommandResult, why: RegExp): Promise<void> {
    const said = result.stdout + result.stderr;
    assert.notEqual(result.code, 0, said);
    assert.match(said, why);
    await assertServed();
  }

  /** An environment whose clock is 60 hours behind. */
  /** @param minutes how far */
  function setBack(minutes = 60 * 60): Record<string, string> {
    const shim = file(".tollgate", "clock.cjs");
    fs.writeFileSync(
      shim,
      `const real = Date.now; const back = ${minutes * 60_000};
       globalThis.Date = class extends Date {
         constructor(...given) { given.length ? super(...given) : super(real() - back); }
         static now() { return real() - back; }
       };`,
    );
    return { NODE_OPTIONS: `--require ${shim}` };
  }

  async function importState(from: string): Promise<void> {
    const said = await project.pulumi(["stack", "import", "--stack", "prod", "--file", from]);
    assert.equal(said.code, 0, said.stdout + said.stderr);
  }

  /** Callers get version 1 all along. */
  async function assertServed(): Promise<void> {
    const health = (await (await fetch(`${url()}/health`)).json()) as { digest: string };
    assert.equal(health.digest, served.digest);
  }

  const approvedBoth = (pin: PinnedVersion) => [
    signedLine(ana, "approval", approval(pin, "ana")),
    signedLine(ben, "approval", approval(pin, "ben")),
  ];

  async function call(route: string, body: object): Promise<void> {
    const answer = await project.askRegistry("prod", `/api/2.0/mlflow/${route}`, body);
    assert.equal(answer.status, 200, await answer.text());
  }

  async function versionOf(pin: PinnedVersion) {
    const query = new URLSearchParams({ name: pin.name, version: pin.version });
    const answer = await project.askRegistry(
      "prod",
      `/api/2.0/mlflow/model-versions/get?${query.toString()}`,
    );
    type Found = { run_id: string; tags: { key: string; value: string }[] };
    return ((await answer.json()) as { model_version: Found }).model_version;
  }

  async function tag(pin: PinnedVersion, key: string): Promise<string> {
    const found = (await versionOf(pin)).tags.find((each) => each.key === key);
    assert.ok(found, `no tag ${key} on version ${pin.version}`);
    return found.value;
  }

  const setTag = (pin: PinnedVersion, key: string, value: string) =>
    call("model-versions/set-tag", { name: pin.name, version: pin.version, key, value });

  const client = async () => registryClient(await loadFromFile(project.dir, "prod"));

  async function provenanceOf(pin: PinnedVersion): Promise<string> {
    const found = await fetchProvenance(await client(), (await versionOf(pin)).run_id, pin);
    assert.ok(found, `nobody signed the training of version ${pin.version}`);
    return found;
  }

  /** Writes a provenance where a version's own would be. */
  async function putProvenance(pin: PinnedVersion, envelope: string): Promise<void> {
    await storeProvenance(await client(), (await versionOf(pin)).run_id, pin, envelope);
  }

  before(async () => {
    project = await TestProject.create("churn", ["prod"], (config) => {
      config["tollgate:scorer"] = { ...(config["tollgate:scorer"] as object), replicas: 1 };
      config["tollgate:release"] = { watchSeconds: 0, warmSeconds: 0 };
      const train = config["tollgate:train"] as Record<string, unknown>;
      train["parameters"] = { model: "gradient-boosting" };
    });
    const principals = ["mira@example.com", "mira.second@example.com"];
    fs.mkdirSync(file("signers"));
    fs.writeFileSync(
      file("signers", "prod.allowed_signers"),
      signersOf(
        { key: mira, principals, purposes: ["training", "evidence", "approval"] },
        { key: ana, purposes: ["approval", "waiver"] },
        { key: ben, purposes: ["approval", "waiver"] },
      ),
    );
    await project.must("pack", "--record", "--stack", "prod");
    project.commit("Name who may sign, and the gates that were reviewed");
    gates = (await loadFromFile(project.dir, "prod")).gates;
    await project.must("up", "--stack", "prod");

    served = await version("1", 0);
    await tried(served, { approvals: approvedBoth(served) }, () =>
      project.must("up", "-s", "prod"),
    );
    project.commit("Pin version 1");
    weak = await version("2", 2, "model=logreg");
    good = await version("3", 0, "n_estimators=120");
  });
  after(() => project.dispose());

  it("is refused without the flag --policy-pack", async () => {
    const result = await tried(weak, { approvals: approvedBoth(weak) });
    await assertRefused(result, /metric-floor: churn-model v2 has accuracy 0\.89/);
  });

  it("is refused when only the scorer is the target of an up", async () => {
    const result = await tried(good, {}, () =>
      project.pulumi(["up", "--yes", "--stack", "prod", "--target", "**scorer**"]),
    );
    await assertRefused(result, /was not admitted and released in order|not specified in --target/);
  });

  it("is refused when only the mark in the registry is the target of an up", async () => {
    const result = await tried(good, {}, () =>
      project.pulumi(["up", "--yes", "--stack", "prod", "--target", "**stage-alias-mark"]),
    );
    await assertRefused(result, /was not admitted and released in order/);
  });

  it("is refused by gates that were edited to pass, whose digest isn't the recorded one", async () => {
    const copy = fs.mkdtempSync(path.join(fs.realpathSync(project.dir), ".tollgate", "copy-"));
    const left = new Set(["node_modules", ".git", ".demo", "test", "docs"]);
    for (const name of fs.readdirSync(root).filter((each) => !left.has(each))) {
      fs.cpSync(path.join(root, name), path.join(copy, name), { recursive: true });
    }
    fs.symlinkSync(path.join(root, "node_modules"), path.join(copy, "node_modules"));
    const gate = path.join(copy, "policies", "gates", "metric-floor.ts");
    const source = fs.readFileSync(gate, "utf8");
    fs.writeFileSync(
      gate,
      source.replace(
        /check\(candidate, .*\{\n/,
        '$&    return [{ passed: true, subject: null, code: "ok", value: null, threshold: null, margin: null, reason: "Fine." }];\n',
      ),
    );
    const settings = fs.readFileSync(file("Pulumi.yaml"), "utf8");
    const here = path.relative(project.dir, root);
    try {
      const toCopy = settings.replaceAll(here, path.relative(project.dir, copy));
      assert.notEqual(toCopy, settings);
      fs.writeFileSync(file("Pulumi.yaml"), toCopy);
      const result = await tried(weak, { approvals: approvedBoth(weak) });
      await assertRefused(result, /pack-recorded: .*sha256:[0-9a-f]{12}/);
      assert.doesNotMatch(result.stdout + result.stderr, /metric-floor:/);
    } finally {
      fs.writeFileSync(file("Pulumi.yaml"), settings);
      fs.rmSync(copy, { recursive: true, force: true });
    }
  });

  it("is refused though the metric was written by hand with an MLflow client", async () => {
    const { run_id } = await versionOf(weak);
    const written = { run_id, key: "accuracy", value: 0.99, timestamp: Date.now() };
    await call("runs/log-metric", written);
    const result = await tried(weak, { approvals: approvedBoth(weak) });
    await assertRefused(result, /metric-floor: churn-model v2 has accuracy 0\.89/);
  });

  it("is refused with a tag copied from another version", async () => {
    const own = await tag(weak, "tollgate.evidence");
    await setTag(weak, "tollgate.evidence", await tag(good, "tollgate.evidence"));
    try {
      const result = await tried(weak, { approvals: approvedBoth(weak) });
      await assertRefused(result, /evidence-present: The evidence of version 2/);
    } finally {
      await setTag(weak, "tollgate.evidence", own);
    }
  });

  it("is refused with evidence of yesterday's data", async () => {
    const data = file("data", "prod", "eval.csv");
    const yesterday = fs.readFileSync(data);
    fs.appendFileSync(data, yesterday.toString("utf8").trimEnd().split("\n").at(-1)! + "\n");
    try {
      const result = await tried(good, { approvals: approvedBoth(good) });
      await assertRefused(result, /provenance: .*evaluat/);
    } finally {
      fs.writeFileSync(data, yesterday);
    }
  });

  it("is still compared with what is served when the alias was moved by hand", async () => {
    const alias = (to: string) =>
      call("registered-models/alias", { name: served.name, alias: "production", version: to });
    await alias(weak.version);
    try {
      const result = await tried(good, { approvals: approvedBoth(good) });
      assert.equal(result.code, 0, result.stdout + result.stderr);
      const judged = await project.tollgate(["preview", "--stack", "prod", "--json"]);
      const { verdicts } = JSON.parse(judged.stdout) as {
        verdicts: { gate: string; status: string; reason: string }[];
      };
      const compared = verdicts.find(({ gate }) => gate === "better-than-deployed");
      assert.equal(compared?.status, "passed");
      assert.match(compared.reason, /v1/);
    } finally {
      await alias(served.version);
    }
  });

  it("is refused with approvals that were given to another version, environment, plan or evidence", async () => {
    const reused = [
      signedLine(ana, "approval", approval(served, "ana")),
      signedLine(ben, "approval", approval(good, "ben", { stack: "staging" })),
      signedLine(ben, "approval", approval(good, "ben", { plan: `sha256:${"0".repeat(64)}` })),
      signedLine(ben, "approval", approval(good, "ben", { evidence: `sha256:${"0".repeat(64)}` })),
      signedLine(ana, "approval", approval(good, "ana", { evidence: undefined })),
    ];
    await assertRefused(await tried(good, { approvals: reused }), /approvals: .*0 of 2 approvals/);
  });

  it("is refused with approvals that nobody signed, or that a key signed which nobody listed", async () => {
    const stranger = testKey("stranger");
    const lines = [
      signedLine(stranger, "approval", approval(good, "ana")),
      signedLine(ben, "approval", approval(good, "ben")).replace(/"sig":"..../, '"sig":"AAAA'),
    ];
    await assertRefused(await tried(good, { approvals: lines }), /approvals: .*0 of 2 approvals/);
  });

  it("is refused with a waiver whose date was edited", async () => {
    const line = signedLine(ana, "waiver", waiver(weak, { at: hours(-48), expires: hours(-24) }));
    const envelope = JSON.parse(line) as { payload: string };
    const statement = Buffer.from(envelope.payload, "base64").toString("utf8");
    const edited = statement.replace(/"expires":"[^"]+"/, `"expires":"${hours(24)}"`);
    assert.notEqual(edited, statement);
    envelope.payload = Buffer.from(edited).toString("base64");
    const lines = { approvals: approvedBoth(weak), waivers: [JSON.stringify(envelope)] };
    await assertRefused(await tried(weak, lines), /metric-floor: /);
    const expired = { ...lines, waivers: [line] };
    await assertRefused(await tried(weak, expired), /metric-floor: /);
  });

  it("passes the same version under a waiver that counts, which the preview shows", async () => {
    const lines = {
      approvals: approvedBoth(weak),
      waivers: ["metric-floor", "better-than-deployed"].map((gate) =>
        signedLine(ana, "waiver", waiver(weak, { gate })),
      ),
    };
    const look = () => project.tollgate(["preview", "--stack", "prod"]);
    await assertRefused(await tried(weak, lines, look), /settings-reviewed waivers sha256:/);
    const result = await tried(weak, lines, () => {
      project.commit("Waive two gates for version 2");
      return look();
    });
    assert.equal(result.code, 0, result.stdout + result.stderr);
    assert.match(result.stdout, /Waived: metric-floor by ana until .*: The campaign starts today/);
  });

  it("is refused with a waiver of a better value, or on other evidence", async () => {
    const refusals = (waiver(weak).refusals ?? []).map((each) => ({ ...each, value: 0.899 }));
    const better = signedLine(ana, "waiver", waiver(weak, { refusals }));
    const lines = { approvals: approvedBoth(weak), waivers: [better] };
    await assertRefused(await tried(weak, lines), /metric-floor: /);
    const shown = await project.tollgate(["preview", "--stack", "prod"]);
    assert.match(shown.stdout, /\(metric-floor\) doesn't cover accuracy below-floor at 0\.89/);
    const evidence = `sha256:${"0".repeat(64)}`;
    const other = signedLine(ana, "waiver", waiver(weak, { evidence }));
    await assertRefused(await tried(weak, { ...lines, waivers: [other] }), /metric-floor: /);
  });

  it("is still compared with what is served when the admission was taken out of the state", async () => {
    const exported = await project.pulumi(["stack", "export", "--stack", "prod"]);
    const state = JSON.parse(exported.stdout) as State;
    const edited = file(".tollgate", "edited.json");
    fs.writeFileSync(edited, JSON.stringify(withoutAdmission(state)));
    await importState(edited);
    try {
      const result = await tried(weak, { approvals: approvedBoth(weak) });
      await assertRefused(result, /better-than-deployed: churn-model v2 .* of the deployed churn-model v1/); // prettier-ignore
    } finally {
      await tried(served, { approvals: approvedBoth(served) }, () =>
        project.must("up", "--stack", "prod"),
      );
    }
    const mended = await project.pulumi(["stack", "export", "--stack", "prod"]);
    assert.match(mended.stdout, /tollgate:index:Admission/);
    await assertServed();
  });

  it("is refused when the receipts were taken away from under what is served", async () => {
    const receipts = file(".tollgate", "prod", "receipts.jsonl");
    fs.renameSync(receipts, `${receipts}.away`);
    try {
      const told = /Callers of prod get version 1 .*, but no receipt in .* put the file back/;
      await assertRefused(await tried(good, { approvals: approvedBoth(good) }), told);
      const said = await project.tollgate(["up", "--stack", "prod"]);
      assert.equal(said.code, 1);
      await assertRefused(said, told);
    } finally {
      fs.renameSync(`${receipts}.away`, receipts);
    }
  });

  it("is refused with the clock set back to when an approval still counted", async () => {
    const lines = [ana, ben].map((key) =>
      signedLine(
        key,
        "approval",
        approval(good, key.name, { at: hours(-72), expires: hours(-48) }),
      ),
    );
    await assertRefused(await tried(good, { approvals: lines }), /approvals: .*expired/);
    const result = await tried(good, { approvals: lines }, () =>
      project.pulumi(["preview", "--stack", "prod"], { env: setBack() }),
    );
    await assertRefused(result, /provenance: .*clock/);
  });

  it("is refused when the author approves under a second e-mail of the same key", async () => {
    const lines = [
      signedLine(mira, "approval", approval(good, "mira.second@example.com")),
      signedLine(ana, "approval", approval(good, "ana")),
    ];
    await assertRefused(await tried(good, { approvals: lines }), /approvals: .*1 of 2 approvals/);
  });

  it("is refused whatever an environment variable says: there is none that turns checks off", async () => {
    const names = ["TOLLGATE_SKIP_GATES", "TOLLGATE_FORCE", "TOLLGATE_GATES", "SKIP_POLICY", "CI"];
    const result = await tried(weak, { approvals: approvedBoth(weak) }, () =>
      project.pulumi(["preview", "--stack", "prod"], {
        env: {
          ...Object.fromEntries(names.map((name) => [name, "1"])),
          PULUMI_DISABLE_POLICY_PACKS: "true",
          "tollgate:gates": '{"level":"disabled"}',
        },
      }),
    );
    await assertRefused(result, /metric-floor: /);
  });

  it("is refused when a gate is lowered on the command line, or in a file that isn't committed", async () => {
    const before = fs.readFileSync(file("Pulumi.prod.yaml"));
    try {
      const result = await tried(weak, { approvals: approvedBoth(weak) }, () =>
        preview("--config", 'tollgate:gates={"metric-floor":{"level":"advisory"}}'),
      );
      await assertRefused(
        result,
        unreviewed(/metric-floor\.level "advisory", which is "mandatory"/),
      );
    } finally {
      fs.writeFileSync(file("Pulumi.prod.yaml"), before);
    }
  });

  it("is refused when the evidence was written and signed by a key that nobody listed", async () => {
    const signers = fs.readFileSync(file("signers", "prod.allowed_signers"));
    fs.writeFileSync(file("signers", "prod.allowed_signers"), signersOf(ana, ben));
    try {
      const result = await tried(good, { approvals: approvedBoth(good) });
      await assertRefused(result, /evidence-signed: .*unknown/);
    } finally {
      fs.writeFileSync(file("signers", "prod.allowed_signers"), signers);
    }
  });

  describe("of a version that was trained for it", () => {
    /** Trained like the others and signed; trained by somebody without a key. */
    let signed: PinnedVersion, unsigned: PinnedVersion;

    before(async () => {
      await trained("--param", "n_estimators=110", "--key", keyFile(mira));
      signed = { ...served, version: "4", digest: "" };
      await trained("--param", "n_estimators=90");
      unsigned = await measured("5", 2);
    });

    /** Writes a tag of the signed version, has it measured, and tries to release it. */
    async function withTag(name: string, value: string): Promise<CommandResult> {
      const own = await tag(signed, name);
      await setTag(signed, name, value);
      try {
        const pin = await measured(signed.version, 2);
        return await tried(pin, { approvals: approvedBoth(pin) });
      } finally {
        await setTag(signed, name, own);
      }
    }

    it("is refused when the author's tag was rewritten", async () => {
      const result = await withTag("tollgate.author", "somebody@example.com");
      await assertRefused(
        result,
        /provenance: churn-model v4 has tags that say somebody@example\.com of its author, but mira@example\.com, mira\.second@example\.com signed mira@example\.com/,
      );
    });

    it("is refused when the training data's tag lies", async () => {
      const lie = `sha256:${"0".repeat(64)}`;
      const result = await withTag("tollgate.training_data_digest", lie);
      await assertRefused(
        result,
        new RegExp(`provenance: .* say ${lie} of its training data, but .* signed sha256:`),
      );
    });

    it("is refused when nobody who may train signed, whatever its tags say", async () => {
      const approvals = approvedBoth(unsigned);
      await assertRefused(
        await tried(unsigned, { approvals }),
        /training-signed: churn-model v5 has no signed training, so that it is by mira@example\.com, .* is what unsigned tags say/,
      );
    });

    it("is refused with the provenance of another version, or one that an approver signed", async () => {
      const approvals = approvedBoth(unsigned);
      const others = await provenanceOf(good);
      await putProvenance(unsigned, others);
      await assertRefused(
        await tried(unsigned, { approvals }),
        /training-signed: .* signed it for models:\/churn-model\/3 of prod/,
      );
      const claim = readClaim(others, "training");
      assert.ok(!("unreadable" in claim));
      const facts = { ...trainingFacts(claim.predicate), keyId: ana.keyId };
      const subjects = [modelSubject(unsigned)];
      const own = signedLine(ana, "training", provenancePredicate(facts), subjects);
      await putProvenance(unsigned, own);
      await assertRefused(
        await tried(unsigned, { approvals }),
        /training-signed: .*the key of ana may not sign for tollgate-training/,
      );
    });
  });

  it("releases the good version when it is approved as it stands", async () => {
    const result = await tried(good, { approvals: approvedBoth(good) }, () =>
      project.tollgate(["up", "--stack", "prod"]),
    );
    assert.equal(result.code, 0, result.stdout + result.stderr);
    const health = (await (await fetch(`${url()}/health`)).json()) as { digest: string };
    assert.equal(health.digest, good.digest);
    const { settings, lineage } = readReceipts(project.stateDir("prod")).receipts.at(-1)!;
    assert.equal(lineage?.proven?.by, "mira@example.com, mira.second@example.com");
    assert.equal(lineage.proven.provenance, sha256(await provenanceOf(good)));
    const commit = project.git("rev-parse", "main").trim();
    assert.deepEqual(
      { ...settings, digest: "" },
      {
        digest: "",
        ref: "refs/heads/main",
        commit,
        asReviewed: true,
      },
    );
  });

  it("goes back at night with nothing committed, and by a wrong clock with no receipt of an earlier time", async () => {
    const back = await tried(good, { approvals: approvedBoth(served) }, () =>
      project.tollgate(["rollback", "--stack", "prod"], { env: setBack() }),
    );
    assert.equal(back.code, 0, back.stdout + back.stderr);
    await assertServed();
    const times = readReceipts(project.stateDir("prod")).receipts.map(({ at }) => at);
    assert.deepEqual(times, [...times].sort());
    assert.ok(times.length >= 3, times.join(" "));
  });

  it("is refused with the clock set back a second time, after the release at the wrong time", async () => {
    const lines = [ana, ben].map((key) =>
      signedLine(
        key,
        "approval",
        approval(good, key.name, { at: hours(-72), expires: hours(-48) }),
      ),
    );
    const result = await tried(good, { approvals: lines }, () =>
      project.pulumi(["preview", "--stack", "prod"], { env: setBack(4) }),
    );
    await assertRefused(result, /provenance: .*earlier than the latest receipt/);
  });

  it("is refused once it was gone back from, until people approve it anew", async () => {
    const old = await tried(good, { approvals: approvedBoth(good) });
    await assertRefused(
      old,
      /approvals: .*0 of 2 approvals.*before prod went back from this version/,
    );
    await project.must("pin", served.version, "--stack", "prod");
    const forward = await project.tollgate(["rollback", "--stack", "prod", "--to", good.version]);
    assert.equal(forward.code, 2, forward.stdout + forward.stderr);
    await assertServed();
    const none = await project.tollgate(["rollback", "--stack", "prod"]);
    assert.equal(none.code, 1);
    assert.match(none.stderr, /there is nothing to go back to/);

    const since = { at: new Date().toISOString() };
    const anew = [ana, ben].map((key) =>
      signedLine(key, "approval", approval(good, key.name, since)),
    );
    const result = await tried(good, { approvals: anew });
    assert.equal(result.code, 0, result.stdout + result.stderr);
  });
});

interface StateResource {
  readonly urn: string;
  readonly type: string;
  readonly dependencies?: readonly string[];
  readonly propertyDependencies?: Readonly<Record<string, readonly string[] | null>>;
}

interface State {
  readonly deployment: { readonly resources: readonly StateResource[] };
}

/** A state that knows of no admitted pin, as somebody would edit it. */
function withoutAdmission(state: State): State {
  const { resources } = state.deployment;
  const gone = resources.find(({ type }) => type === "tollgate:index:Admission")!.urn;
  const others = (urns: readonly string[] | null) => (urns ?? []).filter((urn) => urn !== gone);
  const kept = resources
    .filter(({ urn }) => urn !== gone)
    .map((resource) => ({
      ...resource,
      dependencies: others(resource.dependencies ?? null),
      propertyDependencies: Object.fromEntries(
        Object.entries(resource.propertyDependencies ?? {}).map(([name, urns]) => [
          name,
          others(urns),
        ]),
      ),
    }));
  return { ...state, deployment: { ...state.deployment, resources: kept } };
}
