// The real keys and Python signer; verdicts are made by hand.
import assert from "node:assert/strict";
import { checkedReason, forceWaivers } from "../../../cli/signing/forcing";
import { openContext } from "../../../cli/context";
import type { Judgement } from "../../../cli/releasing/judgement";
import { Output } from "../../../cli/terminal/output";
import type { Candidate, Verdict } from "../../../policies/gate";
import { readClaim } from "../../../trust/statement";
import { digestOf } from "../../support/evidence";
import { pin, installSigner, SigningProject } from "../support/signing-project";
import { capture } from "../support/streams";

const reason = "the store is down for an hour";

const refused = (gate: string, change: Partial<Verdict> = {}): Verdict => ({
  gate,
  level: "mandatory",
  status: "refused",
  passed: false,
  subject: null,
  code: "above-limit",
  value: null,
  threshold: null,
  margin: null,
  reason: "It is refused.",
  remedy: "Mend it.",
  waiver: null,
  ...change,
});

describe("forceWaivers", function () {
  this.timeout(30_000);
  let project: SigningProject;
  before(installSigner);
  beforeEach(async () => (project = await SigningProject.create()));
  afterEach(() => project.dispose());

  const measured = { pin, evidenceDigest: digestOf("9") } as Candidate;

  async function force(
    verdicts: Verdict[],
    options: Record<string, unknown>,
    candidate: Candidate = measured,
  ) {
    const streams = capture();
    const context = openContext({ cwd: project.dir }, new Output(streams, false, false));
    const judgement: Judgement = { candidate, verdicts, blocked: true };
    const lines = await forceWaivers(context, await project.settings(), judgement, options);
    return { lines, err: streams.err() };
  }
  const signed = () =>
    project.lines("waivers/prod.jsonl").map((line) => {
      const claim = readClaim(line, "waiver");
      assert.ok("predicate" in claim);
      return claim.predicate;
    });

  it("signs a waiver of a day for each mandatory refusal that may be waived, a gate once", async () => {
    const verdicts = [
      refused("approvals"),
      refused("metric-floor", { subject: "accuracy" }),
      refused("metric-floor", { subject: "f1" }),
      refused("latency"),
      refused("smoke", { level: "advisory" }),
      refused("schema-present", { status: "passed", passed: true }),
    ];
    const options = { force: true, reason: `  ${reason} `, key: project.key("ann") };
    const { lines, err } = await force(verdicts, options);
    assert.deepEqual(
      signed().map(({ gate }) => gate),
      ["metric-floor", "latency"],
    );
    for (const { at, expires, digest, owner, reason: why } of signed()) {
      assert.equal(Date.parse(expires) - Date.parse(at), 24 * 3600 * 1000);
      assert.deepEqual([digest, owner, why], [pin.digest, "ann@example.com", reason]);
    }
    assert.match(
      lines[0]!,
      /^ann@example\.com waived metric-floor for churn-model version 2 .*Z\. Bound to the evidence sha256:9{64} and, or better, to accuracy above-limit; f1 above-limit\.$/,
    );
    assert.equal(lines.length, 2);
    assert.deepEqual(
      signed().map(({ evidence, refusals }) => [evidence, refusals?.map(({ subject }) => subject)]),
      [
        [digestOf("9"), ["accuracy", "f1"]],
        [digestOf("9"), [null]],
      ],
    );
    assert.equal(err, lines.map((line) => `${line}\n`).join(""));
  });

  it("signs nothing where nothing may be waived, and needs no key for that", async () => {
    const { lines } = await force([refused("approvals")], { force: true, reason });
    assert.deepEqual(lines, []);
    assert.deepEqual(signed(), []);
  });

  it("signs nothing without evidence, as when the registry is silent: there is nothing to bind a waiver to", async () => {
    const options = { force: true, reason, key: project.key("ann") };
    const silent = { pin, evidenceDigest: null } as Candidate;
    assert.deepEqual((await force([refused("latency")], options, silent)).lines, []);
    assert.deepEqual(signed(), []);
  });

  it("does nothing without --force", async () => {
    assert.deepEqual((await force([refused("latency")], {})).lines, []);
    assert.deepEqual(signed(), []);
  });

  it("refuses a key that isn't in the signers file", async () => {
    project.write("signers/prod.allowed_signers", "");
    await assert.rejects(
      force([refused("latency")], { force: true, reason, key: project.key("ann") }),
      /^CliError: signers\/prod\.allowed_signers doesn't have your key: add this line/,
    );
  });
});

describe("checkedReason", () => {
  it("gives the reason of --force without space around it, and null without --force", () => {
    assert.equal(checkedReason({ force: true, reason: ` ${reason} ` }), reason);
    assert.equal(checkedReason({}), null);
  });

  for (const [what, options, told] of [
    ["a reason without --force", { reason }, /^CliError: --reason is for --force/],
    ["--force without a reason", { force: true }, /^CliError: --force needs --reason, which says/],
    ["a reason that says nothing", { force: true, reason: "  short   " }, /at least 10 characters/],
  ] as const) {
    it(`refuses ${what}`, () => assert.throws(() => checkedReason(options), told));
  }
});
