import assert from "node:assert/strict";
import { settingsReviewed } from "../../../policies/gates/settings-reviewed";
import type { SettingDifference } from "../../../policies/gate";
import { judge } from "../../../policies/judge";
import { gateDefaults, resolveGateConfigurations } from "../../../policies/configurations";
import { asReviewed, candidate, only } from "../fixtures";

const approvals: SettingDifference = {
  field: "tollgate:gates.approvals.required",
  value: "0",
  reviewed: "2",
  by: null,
};
const waiver: SettingDifference = {
  field: "waivers sha256:0123456789ab",
  value: '"sha256:0"',
  reviewed: null,
  by: null,
};
const differing = (...differences: SettingDifference[]) =>
  candidate({ review: { ...asReviewed, differences } });

describe("settingsReviewed", () => {
  it("passes settings that are as they were reviewed, and names the commit", () => {
    const finding = only(settingsReviewed, candidate());
    assert.equal(finding.passed, true);
    assert.match(finding.reason, /as they are in 0123456789ab of origin\/main\.$/);
  });

  it("passes where no branch is named, and says so", () => {
    const judged = candidate({ review: { ...asReviewed, ref: null, commit: null } });
    const finding = only(settingsReviewed, judged);
    assert.equal(finding.passed, true);
    assert.match(finding.reason, /names no branch where they are reviewed\.$/);
  });

  it("refuses each field that differs, with both values and who", () => {
    const judged = differing(approvals, {
      ...approvals,
      field: "tollgate:tier",
      value: '"dev"',
      reviewed: '"prod"',
      by: "eve@example.com",
    });
    const findings = settingsReviewed.check(judged, {});
    assert.deepEqual(
      findings.map(({ passed, code, subject, value, threshold }) => ({
        passed,
        code,
        subject,
        value,
        threshold,
      })),
      [
        {
          passed: false,
          code: "not-reviewed",
          subject: "tollgate:gates.approvals.required",
          value: "0",
          threshold: "2",
        },
        {
          passed: false,
          code: "not-reviewed",
          subject: "tollgate:tier",
          value: '"dev"',
          threshold: '"prod"',
        },
      ],
    );
    assert.match(findings[0]!.reason, /which is 2 in 0123456789ab .*\(nobody committed that\)\.$/);
    assert.match(findings[1]!.reason, /\(eve@example\.com committed that elsewhere\)\.$/);
  });

  it("tells of no more than forty fields, and how many there are besides", () => {
    const many = Array.from({ length: 50 }, (_, n) => ({ ...approvals, field: `field ${n}` }));
    const findings = settingsReviewed.check(differing(...many), {});
    assert.equal(findings.length, 40);
    assert.match(findings.at(-1)!.reason, /and 10 more fields differ\.$/);
  });

  it("refuses when nobody could compare, and when nobody did", () => {
    const problem = "/project isn't in a git repository; commit it in one";
    const judged = candidate({ review: { ...asReviewed, commit: null, problem } });
    assert.equal(only(settingsReviewed, judged).code, "review-unknown");
    assert.match(only(settingsReviewed, judged).reason, /isn't in a git repository/);
    assert.equal(only(settingsReviewed, candidate({ review: null })).code, "review-unknown");
  });

  it("lets a version come back under a waiver that isn't reviewed yet, and only that", () => {
    const before = { ...candidate().history, releasedAt: "2026-01-20T12:00:00.000Z" };
    assert.equal(only(settingsReviewed, differing(waiver)).code, "not-reviewed");
    const back = { ...differing(waiver), history: before };
    assert.equal(only(settingsReviewed, back).passed, true);
    const more = { ...differing(waiver, approvals), history: before };
    assert.equal(only(settingsReviewed, more).subject, approvals.field);
  });

  it("is judged at the reviewed level, whatever the settings that judge say", () => {
    const off = resolveGateConfigurations({ level: "disabled" }, gateDefaults("prod"));
    const judged = candidate({
      review: { ...asReviewed, differences: [approvals], level: "mandatory" },
    });
    assert.deepEqual(
      judge(judged, off.configurations).map(({ gate, level, status }) => [gate, level, status]),
      [["settings-reviewed", "mandatory", "refused"]],
    );
  });

  it("refuses settings it doesn't know", () => {
    assert.equal(settingsReviewed.settings.safeParse({ allow: true }).success, false);
  });
});
