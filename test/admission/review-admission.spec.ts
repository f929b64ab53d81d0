// What the provider finds out itself about the settings of an admission, whatever the program says.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { loadFromFile } from "../../config/load";
import { packDigest } from "../../pack/digest";
import { settingsText, withReview } from "../../admission/review-admission";
import { trustOf } from "../../config/signers";
import type { AdmissionInputs } from "../../policies/admission-inputs";
import { admissionType } from "../../provider/types/admission";
import { digestOf, pin } from "../support/evidence";
import { inWords, ReviewedProject } from "../support/reviewed-project";
import { admissionOf, asReviewed, candidate } from "../policies/fixtures";

describe("withReview", function () {
  this.timeout(20_000);
  let project: ReviewedProject;
  beforeEach(() => {
    project = new ReviewedProject();
  });
  afterEach(() => project.remove());

  /** What an honest program says of the project, as the engine hands it on: without what is null. */
  async function said(changes: Partial<AdmissionInputs> = {}): Promise<AdmissionInputs> {
    const settings = await loadFromFile(project.dir, "prod");
    const inputs: AdmissionInputs = {
      ...admissionOf(candidate({ stack: "prod", pin }), settings.gates),
      stateDir: settings.stateDir,
      settings: settingsText(settings),
      trust: trustOf(settings),
      pack: { digest: packDigest(), pinned: settings.pack },
      review: null,
      ...changes,
    };
    return JSON.parse(
      JSON.stringify(inputs, (_key, value: unknown) => value ?? undefined),
    ) as AdmissionInputs;
  }

  async function differences(changes: Partial<AdmissionInputs> = {}): Promise<string[]> {
    const { review } = await withReview(null, await said(changes), []);
    assert.equal(review!.problem, null);
    return review!.differences.map(inWords);
  }

  it("finds an honest program's settings as they were reviewed, with the digest that the command line has", async () => {
    const { review, lowered } = await withReview(null, await said(), []);
    assert.deepEqual([review!.problem, review!.differences], [null, []]);
    assert.equal(review!.digest, (await project.review()).digest);
    assert.deepEqual(lowered, [
      { gate: "latency", level: "advisory", from: "mandatory", by: "mira@example.com" },
    ]);
  });

  it("compares the gates that judge, not the ones that the program says it has", async () => {
    const { gates } = await said();
    const approvals = { ...gates["approvals"]!, settings: { required: 0, approvers: [] } };
    assert.deepEqual(await differences({ gates: { ...gates, approvals } }), [
      "tollgate:gates.approvals.required: 0 / 2 (nobody)",
    ]);
  });

  it("compares the signers that judge", async () => {
    const trust = { signers: "", revoked: "" };
    const told = await differences({ trust });
    assert.equal(told.length, 2);
    assert.match(told[0]!, /^signers ana\S* sha256:[0-9a-f]{12}: absent \/ sha256:/);
  });

  it("compares the pin's model and the recorded gates that judge", async () => {
    assert.deepEqual(await differences({ pin: { ...pin, name: "other" } }), [
      `tollgate:model: "other" / "${pin.name}" (nobody)`,
    ]);
    const told = await differences({ pack: { digest: digestOf("1"), pinned: digestOf("1") } });
    assert.deepEqual(told, [`tollgate:pack: "${digestOf("1")}" / absent (nobody)`]);
  });

  it("takes no program's word for the comparison and for the gates' digest", async () => {
    fs.appendFileSync(project.path("Pulumi.prod.yaml"), "  tollgate:alias: champion\n");
    const lying = await said({ review: asReviewed, pack: { digest: digestOf("1"), pinned: null } });
    const found = await withReview(null, lying, []);
    assert.equal(found.pack.digest, packDigest());
    assert.deepEqual(found.review!.differences.map(inWords), [
      'tollgate:alias: "champion" / "production" (nobody)',
    ]);
  });

  it("finds a program that says nothing of its settings different in each", async () => {
    for (const settings of ["", "7", "null", "{}"]) {
      const told = await differences({ settings });
      assert.ok(
        told.some((each) => each.startsWith("tollgate:tier: absent / ")),
        settings,
      );
    }
  });

  it("takes the evaluation data's digest from the settings that are compared", async () => {
    const own = JSON.parse((await said()).settings) as Record<string, unknown>;
    const settings = JSON.stringify({ ...own, evaluation: { digest: digestOf("d") } });
    const found = await withReview(
      null,
      await said({ settings, evaluationDigest: digestOf("e") }),
      [],
    );
    assert.equal(found.evaluationDigest, digestOf("d"));
  });

  it("refuses a state folder that is no project's", async () => {
    const stateDir = path.join(project.dir, "elsewhere");
    const { review } = await withReview(null, await said({ stateDir }), []);
    assert.match(String(review!.problem), /isn't the folder \.tollgate\/<stack> of a project/);
    assert.equal(review!.level, "mandatory");
  });

  it("wants the commit that the checkpoint's admission was compared with, in whatever folder is named", async () => {
    project.write("other", "so that the two repositories have no commit in common");
    project.git("checkout", "--quiet", "--orphan", "first");
    project.commit("mira@example.com");
    project.git("branch", "--force", "main", "first");
    const before = await withReview(null, await said(), []);
    const copy = new ReviewedProject();
    try {
      copy.write("Pulumi.prod.yaml", fs.readFileSync(project.path("Pulumi.prod.yaml"), "utf8"));
      const stateDir = path.join(copy.dir, ".tollgate", "prod");
      copy.commit("eve@example.com");
      const { review } = await withReview(before, await said({ stateDir }), []);
      assert.match(String(review!.problem), /isn't in the history of main here/);
    } finally {
      copy.remove();
    }
  });

  it("is what the provider's check judges by, under the stack that the engine names", async () => {
    const { failures } = await admissionType.check(
      null,
      await said({ settings: "{}", review: asReviewed }),
      "prod",
    );
    assert.ok(failures.some(({ reason }) => reason.startsWith("settings-reviewed: ")));
    const other = await admissionType.check(null, await said(), "staging");
    assert.match(other.failures[0]!.reason, /by the settings of prod, and this is staging/);
  });
});
