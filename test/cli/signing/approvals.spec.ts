// One set of rules says whether an approval counts: the gate, `status` and `approve` may not answer differently.
import assert from "node:assert/strict";
import { fetchCandidate } from "../../../admission/candidate";
import { evidenceFile, keepEvidence } from "../../../history/evidence";
import { appendReceipt } from "../../../history/receipts";
import { planDigest } from "../../../policies/plan";
import { approvals } from "../../../policies/gates/approvals";
import { sha256 } from "../../../strict/canonical";
import type { ApprovalPredicate } from "../../../trust/types";
import { digestOf } from "../../support/evidence";
import { receiptFacts } from "../../support/receipts";
import { signedLine, signersOf, type TestKey } from "../../support/signing";
import {
  ann,
  author,
  ben,
  evidenceOf,
  installSigner,
  pin,
  SigningProject,
} from "../support/signing-project";

const file = "approvals/prod.jsonl";
const evidence = sha256(evidenceOf("2"));
const hour = 3_600_000;
const fromNow = (milliseconds: number) => new Date(Date.now() + milliseconds).toISOString();

describe("whether an approval counts", function () {
  this.timeout(30_000);
  let project: SigningProject;
  before(installSigner);
  beforeEach(async () => (project = await SigningProject.create()));
  afterEach(() => project.dispose());

  /** Writes approvals of the pin; what isn't said of one is as it must be to count. */
  async function write(...given: [TestKey, Partial<ApprovalPredicate>?][]): Promise<void> {
    const { gates } = await project.settings();
    const lines = given.map(([key, changes]) =>
      signedLine(key, "approval", {
        approver: key.name,
        stack: "prod",
        model: pin.name,
        version: pin.version,
        digest: pin.digest,
        plan: planDigest("prod", pin, gates),
        evidence,
        at: fromNow(-hour),
        expires: fromNow(hour),
        ...changes,
      }),
    );
    project.write(file, lines.map((line) => `${line}\n`).join(""));
  }

  /** Whom the gate counts, and whom `status` names. */
  async function counted(): Promise<{ gate: string[]; status: string[] }> {
    const settings = await project.settings();
    const candidate = (await fetchCandidate(settings, false))!;
    const configured = approvals.settings.parse(settings.gates["approvals"]!.settings);
    const [finding] = approvals.check(candidate, configured);
    const [, names] = /approvals? for prod \(([^)]*)\)/.exec(finding!.reason) ?? [];
    const { document } = await project.json("status");
    return { gate: names?.split(", ") ?? [], status: (document["approvals"] as string[]).sort() };
  }

  const cases: [
    what: string,
    lines: [TestKey, Partial<ApprovalPredicate>?][],
    expected: string[],
    change?: (project: SigningProject) => unknown,
  ][] = [
    ["two people", [[ann], [ben]], [ann.name, ben.name]],
    ["the author", [[author], [ben]], [ben.name]],
    [
      "the author under a second address",
      [[author, { approver: "m@old.example.com" }]],
      [],
      signers({ key: author, principals: [author.name, "m@old.example.com"] }, ann, ben),
    ],
    [
      "one person by two keys",
      [[ann], [ben]],
      [ann.name],
      signers(author, ann, { key: ben, principals: [ben.name, ann.name] }),
    ],
    ["one person twice", [[ann], [ann]], [ann.name]],
    ["another person than the key's", [[ann, { approver: ben.name }]], []],
    ["a revoked key", [[ann]], [], (it) => it.write("signers/revoked_keys", `${ann.publicKey}\n`)],
    ["a time that hasn't come", [[ann, { at: fromNow(hour), expires: fromNow(2 * hour) }]], []],
    ["an approval that has expired", [[ann, { expires: fromNow(-1) }]], []],
    ["another environment", [[ann, { stack: "staging" }]], []],
    ["another plan", [[ann, { plan: digestOf("5") }]], []],
    ["other evidence", [[ann, { evidence: digestOf("9") }]], []],
    ["somebody who isn't among the approvers", [[ann], [ben]], [ben.name], onlyBen],
    ["an author whom no line names", [[ann]], [], signers(ann, ben)],
    [
      "another plan and other evidence, of a version that was released so",
      [[ann, { plan: digestOf("5"), evidence: digestOf("9"), expires: fromNow(-1) }]],
      [ann.name],
      (it) => released(it, pin),
    ],
    [
      "a version that the stack went back from since",
      [[ann, { at: fromNow(-3 * hour) }], [ben]],
      [ben.name],
      async (it) => {
        const before = { ...pin, version: "1", digest: digestOf("c") };
        for (const each of [before, pin, before]) await released(it, each, fromNow(-2 * hour));
      },
    ],
  ];
  for (const [what, lines, expected, change] of cases) {
    it(`is the same for the gate and for status: ${what}`, async () => {
      await change?.(project);
      await write(...lines);
      assert.deepEqual(await counted(), { gate: expected, status: expected });
    });
  }

  describe("while the registry is silent", () => {
    it("is told of a released version by the evidence that was kept of it", async () => {
      const { stateDir } = await project.settings();
      const { evidenceDigest } = await released(project, pin);
      await write([ann], [author]);
      await project.silence();
      const named = async () => (await project.json("status")).document["approvals"];
      assert.deepEqual(await named(), []);
      keepEvidence(stateDir, {
        evidence: evidenceOf("2"),
        evidenceSignature: null,
        provenance: null,
      });
      assert.ok(evidenceFile(stateDir, evidenceDigest).includes(evidence.slice(7)));
      assert.deepEqual(await named(), [ann.name]);
    });
  });

  describe("tollgate approve", () => {
    it("signs nothing that wouldn't count, and says why in the gate's words", async () => {
      onlyBen(project);
      const { code, err } = await project.tollgate("approve", "--key", project.key("ann"));
      assert.equal(code, 1);
      assert.equal(
        err,
        "This approval would not count in prod, so it isn't signed: it is that of ann@example.com, who isn't among the approvers ben@example.com.\n",
      );
      assert.deepEqual(project.lines(file), []);
      assert.equal((await project.tollgate("approve", "--key", project.key("ben"))).code, 0);
    });

    it("doesn't name among those who approved whom the gate doesn't count", async () => {
      await write([author], [ann, { approver: ben.name }]);
      const { document } = await project.json("approve", "--key", project.key("ann"));
      assert.deepEqual(document["approvers"], [ann.name]);
    });

    it("takes the author from the evidence, as the gate does, and not from a tag written since", async () => {
      await project.dispose();
      project = await SigningProject.create(author.name, { tagged: ben.name });
      const byAuthor = await project.tollgate("approve", "--key", project.key("mira"));
      assert.match(byAuthor.err, /^mira@example\.com trained .* and can't approve it: ask/);
      const { document } = await project.json("approve", "--key", project.key("ben"));
      assert.deepEqual(document["approvers"], [ben.name]);
      assert.deepEqual(await counted(), { gate: [ben.name], status: [ben.name] });
    });

    it("says of a released version that its approval goes on counting", async () => {
      await released(project, pin);
      await write([ann, { plan: digestOf("5") }]);
      const { err } = await project.tollgate("approve", "--key", project.key("ann"));
      assert.match(
        err,
        /^ann@example\.com has already approved .* for prod, and it was released there: that goes on counting\.$/m,
      );
    });
  });
});

type Line = TestKey | { key: TestKey; principals: string[] };

function signers(...lines: Line[]) {
  return (project: SigningProject) =>
    project.write("signers/prod.allowed_signers", signersOf(...lines));
}

function onlyBen(project: SigningProject): void {
  const gates = `  tollgate:gates: { approvals: { required: 2, approvers: [${ben.name}] } }\n`;
  project.write("Pulumi.prod.yaml", project.read("Pulumi.prod.yaml") + gates);
}

async function released(
  project: SigningProject,
  version: { name: string; version: string; digest: string },
  at = fromNow(-2 * hour),
): Promise<{ evidenceDigest: string }> {
  const { stateDir } = await project.settings();
  const facts = receiptFacts({ at, stack: "prod", pin: version, evidenceDigest: evidence });
  await appendReceipt(stateDir, facts);
  return { evidenceDigest: evidence };
}
