// The real command line, keys and Python signer; the registry is a stand-in.
import assert from "node:assert/strict";
import { readClaim } from "../../../trust/statement";
import type { WaiverPredicate } from "../../../trust/types";
import { digestOf } from "../../support/evidence";
import { signedLine, signersOf } from "../../support/signing";
import { sha256 } from "../../../strict/canonical";
import {
  ann,
  author,
  ben,
  evidenceOf,
  pin,
  installSigner,
  SigningProject,
} from "../support/signing-project";

const file = "waivers/prod.jsonl";
const why = "slow disk, ticket 4711";

describe("tollgate waive", function () {
  this.timeout(30_000);
  let project: SigningProject;
  before(installSigner);
  beforeEach(async () => (project = await SigningProject.create()));
  afterEach(() => project.dispose());

  const waive = (...words: string[]) =>
    project.tollgate("waive", "--key", project.key("ben"), ...words);

  function claims(): WaiverPredicate[] {
    return project.lines(file).map((line) => {
      const claim = readClaim(line, "waiver");
      assert.ok("predicate" in claim);
      return claim.predicate;
    });
  }

  it("adds a line that is signed for one gate of the pinned version, for a day", async () => {
    const { code, out, err } = await waive("latency", "--reason", why);
    assert.equal(code, 0, err);
    const [{ at, expires, ...waiver }] = claims() as [WaiverPredicate];
    assert.deepEqual(waiver, {
      gate: "latency",
      stack: "prod",
      model: pin.name,
      version: pin.version,
      digest: pin.digest,
      evidence: sha256(evidenceOf("2")),
      refusals: [{ subject: "p95", code: "above-limit", value: 80, threshold: 50 }],
      reason: why,
      owner: "ben@example.com",
    });
    assert.equal(Date.parse(expires) - Date.parse(at), 24 * 3600 * 1000);
    assert.equal(
      out,
      `ben@example.com waived latency for churn-model version 2 (${pin.digest.slice(0, 19)}) in prod until ${expires}.\nBound to the evidence ${waiver.evidence} and, or better, to p95 above-limit at 80 (threshold 50).\nNext: git add waivers/prod.jsonl && git commit\n`,
    );
  });

  it("waives a gate that judges the moment before that moment, on the evidence alone", async () => {
    const { code, err, out } = await waive("window", "--reason", why);
    assert.equal(code, 0, err);
    const [waiver] = claims();
    assert.deepEqual([waiver?.evidence, waiver?.refusals], [sha256(evidenceOf("2")), []]);
    assert.match(out, /^Bound to the evidence sha256:[0-9a-f]{64}\.$/m);
  });

  it("refuses a version without evidence, and writes nothing", async () => {
    await project.dispose();
    project = await SigningProject.create(author.name, { evaluated: false });
    const said = await waive("latency", "--reason", why);
    assert.equal(said.code, 1);
    assert.match(said.err, /has no evidence that could be signed for: /);
    assert.deepEqual(project.lines(file), []);
  });

  it("waives another version with the digest that the registry has for it", async () => {
    const { code, err } = await waive("latency", "--reason", why, "--model-version", "3");
    assert.equal(code, 0, err);
    const [waiver] = claims();
    assert.equal(waiver?.version, "3");
    assert.equal(waiver.digest, digestOf("b"));
  });

  for (const [what, words, code, told] of [
    [
      "a gate that refuses nothing of the version",
      ["size", "--reason", why],
      1,
      /^size refuses nothing of churn-model version 2 .* in prod, so there is nothing to waive: see `tollgate preview --stack prod`\.$/m,
    ],
    ["no gate", ["--reason", why], 64, /^Say which gate is waived: one of .*latency/],
    ["an unknown gate", ["speed", "--reason", why], 64, /^There is no gate "speed": give one of /],
    [
      "a gate that nobody can waive",
      ["approvals", "--reason", why],
      1,
      /^approvals can't be waived by anybody: only one of .* can\.$/m,
    ],
    ["no reason", ["latency"], 64, /^A waiver needs --reason, which says why in at least 10/],
    ["a reason that says nothing", ["latency", "--reason", "because   "], 64, /at least 10/],
    [
      "more than 30 days",
      ["latency", "--reason", why, "--for", "31d"],
      64,
      /^--for is "31d": give hours or days of at most 30 days, such as 24h or 7d\.$/m,
    ],
    [
      "a version that isn't there",
      ["latency", "--reason", why, "--model-version", "9"],
      1,
      /has no version 9 of churn-model/,
    ],
    ["--list with a gate", ["latency", "--list"], 64, /^--list takes no gate/],
  ] as const) {
    it(`refuses ${what}, and writes nothing`, async () => {
      const said = await waive(...words);
      assert.equal(said.code, code, said.err);
      assert.match(said.err, told);
      assert.deepEqual(project.lines(file), []);
    });
  }

  it("refuses a key that may not sign waivers", async () => {
    const signers = signersOf(author, { key: ben, purposes: ["approval"] });
    project.write("signers/prod.allowed_signers", signers);
    const { code, err } = await waive("latency", "--reason", why);
    assert.equal(code, 1);
    assert.match(err, /^This waiver would not count in prod, so it isn't kept: the key of ben@/);
    assert.deepEqual(project.lines(file), []);
  });

  it("lists every waiver with whether it counts now", async () => {
    await waive("latency", "--reason", why);
    const expired: WaiverPredicate = {
      gate: "size",
      stack: "prod",
      model: pin.name,
      version: "1",
      digest: digestOf("1"),
      reason: "a large model for a week",
      owner: ann.name,
      at: "2026-01-01T00:00:00Z",
      expires: "2026-01-08T00:00:00Z",
    };
    project.write(file, `${signedLine(ann, "waiver", expired)}\n${project.read(file)}`);
    const { code, document } = await project.json("waive", "--list");
    assert.equal(code, 0);
    const [own] = claims().slice(1) as [WaiverPredicate];
    const listed = ({ stack: _stack, ...waiver }: WaiverPredicate, problem: string | null) => ({
      evidence: null,
      refusals: [],
      ...waiver,
      problem,
    });
    assert.deepEqual(document, {
      stack: "prod",
      waivers: [listed(expired, "it expired at 2026-01-08T00:00:00Z"), listed(own, null)],
    });
    const { out } = await project.tollgate("waive", "--list");
    const [heading, first, second, ...more] = out.trimEnd().split("\n");
    assert.match(heading!, /^gate +version +owner +until +state +reason$/);
    assert.match(first!, /^size +churn-model v1 +ann@\S+ +\S+Z +doesn't count: it expired at /);
    assert.match(
      second!,
      /^latency +churn-model v2 +ben@\S+ +\S+Z +active +slow disk, ticket 4711$/,
    );
    assert.deepEqual(more, []);
  });

  it("says when there is none to list", async () => {
    const { out } = await project.tollgate("waive", "--list");
    assert.equal(out, "prod has no waivers.\n");
  });
});
