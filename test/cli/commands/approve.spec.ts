// The real command line, keys and Python signer; the registry is a stand-in.
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { planDigest } from "../../../policies/plan";
import type { ApprovalPredicate } from "../../../trust/types";
import { sha256 } from "../../../strict/canonical";
import { verify } from "../../../trust/verify";
import { modelSubject } from "../../../trust/statement";
import { provenanceOf } from "../../support/provenance";
import { signedLine, signersOf, testKey } from "../../support/signing";
import {
  ann,
  author,
  ben,
  evidenceOf,
  pin,
  type Said,
  installSigner,
  SigningProject,
} from "../support/signing-project";

const file = "approvals/prod.jsonl";
const evidence = sha256(evidenceOf("2"));
const name = `churn-model version 2 (${pin.digest.slice(0, 19)})`;

describe("tollgate approve", function () {
  this.timeout(30_000);
  let project: SigningProject;
  before(installSigner);
  beforeEach(async () => (project = await SigningProject.create()));
  afterEach(() => project.dispose());

  const approve = (who: string, ...words: string[]) =>
    project.tollgate("approve", "--key", project.key(who), ...words);
  const trust = () => ({ signers: project.read("signers/prod.allowed_signers"), revoked: "" });

  function assertRefused({ code, err }: Said, sentence: RegExp): void {
    assert.equal(code, 1);
    assert.match(err, sentence);
    assert.equal(err.trim().split("\n").length, 1);
    assert.deepEqual(project.lines(file), []);
  }

  it("adds a line that is signed for exactly this pin, plan and environment", async () => {
    const before = Date.now();
    const { code, out } = await approve("ann", "--comment", "looked at the drift", "--valid", "2d");
    assert.equal(code, 0);
    const [line, ...more] = project.lines(file);
    assert.deepEqual(more, []);
    const verified = verify(line!, "approval", trust());
    assert.ok("statement" in verified);
    assert.equal(verified.signer.keyId, ann.keyId);
    const { at, expires, ...predicate } = verified.statement.predicate;
    assert.deepEqual(predicate, {
      approver: "ann@example.com",
      stack: "prod",
      model: pin.name,
      version: pin.version,
      digest: pin.digest,
      evidence,
      plan: planDigest("prod", pin, (await project.settings()).gates),
      comment: "looked at the drift",
    });
    assert.ok(Date.parse(at) >= before && Date.parse(at) <= Date.now());
    assert.equal(Date.parse(expires) - Date.parse(at), 2 * 24 * 3600 * 1000);
    assert.equal(
      out,
      `ann@example.com approved ${name} for prod until ${expires}; approved so far by ann@example.com.\nBound to the evidence ${evidence} and the plan ${verified.statement.predicate.plan}.\nNext: git add approvals/prod.jsonl && git commit\n`,
    );
  });

  it("says who approved so far, and counts only what is signed by who may", async () => {
    const forged: ApprovalPredicate = {
      approver: "cem@example.com",
      stack: "prod",
      model: pin.name,
      version: pin.version,
      digest: pin.digest,
      evidence,
      plan: planDigest("prod", pin, (await project.settings()).gates),
      at: new Date().toISOString(),
      expires: new Date(Date.now() + 3_600_000).toISOString(),
    };
    await approve("ann");
    const line = signedLine(ben, "approval", forged).replace(ben.keyId, ann.keyId);
    project.write(file, `${project.read(file)}${line}\n`);
    const { code, document } = await project.json("approve", "--key", project.key("ben"));
    assert.equal(code, 0);
    assert.deepEqual(document["approvers"], ["ann@example.com", "ben@example.com"]);
    assert.equal(document["keyId"], ben.keyId);
    assert.equal(project.lines(file).length, 3);
  });

  it("refuses the author, and writes nothing", async () => {
    assertRefused(
      await approve("mira"),
      /^mira@example\.com trained churn-model version 2 .* and can't approve it: ask somebody else\.$/m,
    );
  });

  it("refuses the author's second address and second key", async () => {
    project.write(
      "signers/prod.allowed_signers",
      signersOf({ key: author, principals: [author.name, "m@old.example.com"] }, ann, {
        key: ben,
        principals: ["m@old.example.com"],
      }),
    );
    assertRefused(await approve("mira", "--as", "m@old.example.com"), /can't approve it: ask/);
    assertRefused(
      await approve("ben"),
      /can't approve it \(m@old\.example\.com is the same person\): ask somebody else\.$/m,
    );
  });

  it("refuses everybody while the author is no signer, and says how to add them", async () => {
    project.write("signers/prod.allowed_signers", signersOf(ann));
    assertRefused(
      await approve("ann"),
      /^mira@example\.com trained .* and is no signer of prod, .*`tollgate signer add mira@example\.com --key <file\.pub> --for training --stack prod`\.$/m,
    );
  });

  it("refuses a second approval by the same key, and one by the same person's other key", async () => {
    await approve("ann");
    const again = await approve("ann");
    assert.equal(again.code, 1);
    assert.match(
      again.err,
      /^ann@example\.com has already approved .* under this plan for prod, until/,
    );
    const signers = signersOf(author, ann, { key: ben, principals: ["ann@example.com"] });
    project.write("signers/prod.allowed_signers", signers);
    const second = await approve("ben");
    assert.equal(second.code, 1);
    assert.match(second.err, /^ann@example\.com has already approved/);
    assert.equal(project.lines(file).length, 1);
  });

  it("takes a new approval of what was approved on other evidence, or on none in particular", async () => {
    const old: ApprovalPredicate = {
      approver: "ann@example.com",
      stack: "prod",
      model: pin.name,
      version: pin.version,
      digest: pin.digest,
      plan: planDigest("prod", pin, (await project.settings()).gates),
      at: new Date().toISOString(),
      expires: new Date(Date.now() + 3_600_000).toISOString(),
    };
    await approve("ben");
    const others = [old, { ...old, evidence: sha256("other") }];
    const lines = others.map((each) => `${signedLine(ann, "approval", each)}\n`);
    project.write(file, project.read(file) + lines.join(""));
    const { code, document } = await project.json("approve", "--key", project.key("ann"));
    assert.equal(code, 0, JSON.stringify(document));
    assert.deepEqual(document["approvers"], ["ben@example.com", "ann@example.com"]);
  });

  it("refuses a version without evidence: there is nothing that could be approved", async () => {
    await project.dispose();
    project = await SigningProject.create(author.name, { evaluated: false });
    assertRefused(
      await approve("ann"),
      /^churn-model version 2 .* has no evidence that could be signed for: Version 2 of "churn-model" has no artifact .*; run `tollgate evaluate` for it\.$/m,
    );
  });

  it("takes a new approval once the plan is another one", async () => {
    await approve("ann");
    const stack = project.read("Pulumi.prod.yaml");
    project.write(
      "Pulumi.prod.yaml",
      `${stack}  tollgate:gates: { metric-floor: { level: advisory, floors: { accuracy: 0.5 } } }\n`,
    );
    const { code, document } = await project.json("approve", "--key", project.key("ann"));
    assert.equal(code, 0, JSON.stringify(document));
    assert.deepEqual(document["approvers"], ["ann@example.com"]);
    assert.equal(project.lines(file).length, 2);
  });

  it("refuses a key that isn't in the signers file, and prints the line to add", async () => {
    project.write("signers/prod.allowed_signers", signersOf(author, ben));
    assertRefused(
      await approve("ann"),
      new RegExp(
        `^signers/prod\\.allowed_signers doesn't have your key: add this line to it and have it reviewed: ann@example\\.com namespaces="tollgate-approval" ${ann.publicKey.replaceAll("+", "\\+")}$`,
        "m",
      ),
    );
  });

  it("refuses a key that may not sign approvals, or is revoked", async () => {
    project.write(
      "signers/prod.allowed_signers",
      signersOf(author, { key: ann, purposes: ["waiver"] }, ben),
    );
    assertRefused(
      await approve("ann"),
      /^This approval would not count in prod, so it isn't kept: the key of ann@example\.com may not sign for tollgate-approval\.$/m,
    );
    project.write("signers/revoked_keys", `${ben.publicKey}\n`);
    assertRefused(await approve("ben"), /so it isn't kept: its key SHA256:\S+ is revoked\.$/m);
  });

  it("refuses a name that the key doesn't have", async () => {
    assertRefused(
      await approve("ann", "--as", "ben@example.com"),
      /^Your key is ann@example\.com in prod, not ben@example\.com: give one of these with --as, or another --key\.$/m,
    );
  });

  it("refuses a key beside the public half of another one", async () => {
    project.write("ann.key.pub", `${ben.publicKey}\n`);
    assertRefused(await approve("ann"), /ann\.key\.pub is the public half of another key: write/);
  });

  it("asks the key itself where there is no .pub file", async () => {
    rmSync(`${project.key("ann")}.pub`);
    assert.equal((await approve("ann")).code, 0);
    assert.equal(project.lines(file).length, 1);
  });

  it("refuses a key that isn't there, in one sentence", async () => {
    assertRefused(await approve("nobody"), /^The key \S+nobody\.key can't be read: /m);
  });

  describe("of a version whose training is signed", () => {
    /** Ann trained it, whatever the tag says, from code that git said was Ben's. */
    const signedBy = (key: typeof ann, stack = "prod") =>
      provenanceOf({ stack, author: ben.name }, key, [modelSubject({ ...pin })]);

    it("refuses the one who signed it and the one whom git named, and takes the tag's author for nobody", async () => {
      await project.dispose();
      project = await SigningProject.create(author.name, { provenance: signedBy(ann) });
      assertRefused(
        await approve("ann"),
        /^ann@example\.com trained .* and can't approve it: ask/m,
      );
      assertRefused(
        await approve("ben"),
        /^ben@example\.com trained .* and can't approve it: ask/m,
      );
      assert.equal((await approve("mira")).code, 0);
    });

    it("asks the tag where the one who signed may not train", async () => {
      await project.dispose();
      project = await SigningProject.create(author.name, {
        provenance: signedBy(testKey("mallory")),
      });
      assertRefused(
        await approve("mira"),
        /^mira@example\.com trained .* and can't approve it: ask/m,
      );
      assert.equal((await approve("ann")).code, 0);
    });
  });

  it("refuses a version whose author nobody recorded", async () => {
    await project.dispose();
    project = await SigningProject.create(null);
    assertRefused(await approve("ann"), /^Version 2 of churn-model doesn't record who trained it/m);
  });

  for (const time of ["soon", "0d", "7", "366d", "1.5d", "-1h"]) {
    it(`refuses --valid=${time}`, async () => {
      const { code, err } = await approve("ann", `--valid=${time}`);
      assert.equal(code, 64);
      assert.equal(
        err,
        `--valid is "${time}": give hours or days of at most 365 days, such as 24h or 7d.\n`,
      );
    });
  }
});
