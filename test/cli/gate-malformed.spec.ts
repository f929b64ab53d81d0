import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import {
  judgeBeside,
  judgeEvidenceFile,
  type OfflineJudgement,
  type OfflineFacts,
  offlineFactsOf,
} from "../../admission/offline";
import { root } from "../../cli/context";
import { loadFromFile } from "../../config/load";
import type { Settings } from "../../config/settings";
import { run as runCommand } from "../support/project";
import { judgedProject, recentEvidence } from "./support/judged-project";
import { hugeFrom, type Malformed, malformedFrom } from "./support/malformed";

/** Documents that are judged in this process, with facts that are read once. */
const documents = 10_000;
/** Documents for which everything is read, as the verb does. */
const whole = 200;
/** Documents that are judged by the command line. */
const sample = 20;

const fileOf = (document: Buffer) => ({ document, signature: null });

describe("tollgate gate, on malformed evidence", function () {
  this.timeout(300_000);
  const right = recentEvidence();
  let project: ReturnType<typeof judgedProject>;
  let settings: Settings;
  let facts: OfflineFacts;
  before(async () => {
    project = judgedProject();
    settings = await loadFromFile(project.dir, "staging");
    facts = await offlineFactsOf(settings, fileOf(Buffer.from("unreadable")));
  });
  after(() => project.remove());

  const refuses = (malformed: Malformed): void =>
    isRefused(malformed, judgeBeside(settings, fileOf(malformed.bytes), facts));

  function isRefused({ how }: Malformed, { verdicts, blocked }: OfflineJudgement): void {
    const [first] = verdicts;
    assert.deepEqual(
      [blocked, first?.gate, first?.status, first?.code],
      [true, "evidence-present", "refused", "evidence-unreadable"],
      how,
    );
    const reason = first!.reason;
    assert.match(reason, /^The evidence can't be read, .+; run `tollgate evaluate` again\.$/, how);
    assert.ok(reason.length < 800, `${how}: ${reason.length} characters`);
    assert.doesNotMatch(reason, /[\p{Cc}\u202a-\u202e\u2066-\u2069]/u, how);
  }

  it("passes the document they are made from", async () => {
    const document = Buffer.from(JSON.stringify(right));
    const { blocked } = await judgeEvidenceFile(settings, fileOf(document));
    assert.equal(blocked, false);
  });

  it(`refuses ${documents} of them, each by evidence-present, and never crashes`, () => {
    fc.assert(fc.property(malformedFrom(right), refuses), { numRuns: documents });
  });

  it(`refuses ${whole} of them with all that lies beside them read anew`, async () => {
    const wholly = fc.asyncProperty(malformedFrom(right), async (malformed) =>
      isRefused(malformed, await judgeEvidenceFile(settings, fileOf(malformed.bytes))),
    );
    await fc.assert(wholly, { numRuns: whole });
  });

  for (const huge of hugeFrom(right)) {
    it(`refuses ${huge.how}, well before the runner's limit`, () => refuses(huge));
  }

  it(`refuses ${sample} of them on the command line with exit code 2 and without a stack trace`, async () => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    for (const { how, bytes } of fc.sample(malformedFrom(right), { numRuns: sample, seed })) {
      writeFileSync(join(project.dir, "evidence.json"), bytes);
      const { code, stdout, stderr } = await runCommand(
        process.execPath,
        [
          join(root, "toolchain", "tollgate.cjs"),
          ...["gate", "--json", "--evidence", "evidence.json"],
          ...["--settings", "Pulumi.staging.yaml"],
        ],
        project.dir,
      );
      assert.equal(code, 2, `${how} (seed ${seed}): ${stderr}`);
      assert.equal(stderr, "", how);
      assert.equal((JSON.parse(stdout) as { blocked: boolean }).blocked, true, how);
    }
  });
});
