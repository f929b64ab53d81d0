import assert from "node:assert/strict";
import fc from "fast-check";
import { codesOf } from "../../../policies/codes";
import type { Service } from "../../../policies/gate";
import { soak } from "../../../policies/gates/soak";
import {
  candidate,
  digest,
  digestOf,
  only,
  refusesWithoutEvidence,
  withEvidence,
  withoutEvidence,
} from "../fixtures";

// Judged at 2026-02-01T12:00:00.000Z.
const service = (from: string, to: string | null, changes: Partial<Service> = {}): Service => ({
  digest,
  gitCommit: "0a1b2c3",
  dataVersion: "v2",
  from: `2026-01-${from}:00:00.000Z`,
  to: to && `2026-01-${to}:00:00.000Z`,
  green: true,
  ...changes,
});
const judge = (services: readonly Service[] | null, settings: unknown = {}) =>
  only(soak, candidate({ stack: "prod", soaked: services }), settings);

describe("soak", () => {
  it("passes a version that served exactly long enough", () => {
    assert.deepEqual(judge([service("30T06", "31T06")]), {
      passed: true,
      subject: "staging",
      code: "ok",
      value: 24,
      threshold: 24,
      margin: 0,
      reason:
        "churn-model v2 served in staging for 24 h with its checks green (these bytes), of the 24 h wanted (margin 0 h).",
    });
  });

  it("refuses a moment less", () => {
    const almost = { ...service("30T06", null), to: "2026-01-31T05:59:59.999Z" };
    const finding = judge([almost]);
    assert.equal(finding.code, "too-short");
    assert.match(
      finding.reason,
      /for 24 h with its checks green \(these bytes\), and 24 h are wanted/,
    );
  });

  it("adds up several times, each moment once, and what goes on until now", () => {
    const times = [service("31T12", null), service("20T00", "20T06"), service("20T03", "20T08")];
    assert.equal(judge(times, { hours: 32 }).value, 32);
    assert.equal(judge(times, { hours: 33 }).margin, -1);
  });

  it("counts nothing that lies after the moment of judging", () => {
    const later = { ...service("31T12", null), to: "2026-03-01T00:00:00.000Z" };
    assert.equal(judge([later]).value, 24);
    const unborn = { ...service("31T12", null), from: "2026-02-02T00:00:00.000Z" };
    assert.equal(judge([unborn]).value, 0);
  });

  it("refuses a version that never served, whatever else did", () => {
    const finding = judge([service("01T00", null, { digest: digestOf("b") })]);
    assert.equal(finding.code, "never-served");
    assert.equal(finding.margin, -24);
    assert.equal(
      finding.reason,
      "churn-model v2 never served in staging (these bytes), where 24 h are wanted (margin -24 h).",
    );
  });

  it("refuses when the stack has no history", () => {
    const finding = judge(null, { stack: "preprod", hours: 2 });
    assert.equal(finding.code, "no-history");
    assert.equal(
      finding.reason,
      "churn-model v2 must have served in preprod for 2 h, but preprod has no history here; release to it from this project folder.",
    );
  });

  it("refuses a version that failed later than its soak", () => {
    const failed = service("31T08", "31T09", { green: false });
    const finding = judge([service("01T00", "31T08"), failed]);
    assert.equal(finding.code, "not-green");
    assert.equal(finding.value, 0);
    assert.equal(
      finding.reason,
      "churn-model v2 served in staging for 0 h with its checks green (these bytes) since it last was not, and 24 h are wanted (margin -24 h).",
    );
    assert.equal(judge([failed, service("31T12", null)]).passed, true);
  });

  it("refuses a service that doesn't say clearly that it was green", () => {
    const vague = service("01T00", null, { green: "yes" as never });
    assert.equal(judge([vague]).code, "not-green");
  });

  describe("by commit and data", () => {
    const settings = { match: "commit-and-data" };
    const other = { digest: digestOf("b") };

    it("passes another version of the same commit and data", () => {
      const finding = judge([service("01T00", null, other)], settings);
      assert.equal(finding.passed, true);
      assert.match(
        finding.reason,
        /\(commit 0a1b2c3 with data v2, as ann@example\.com signed; what served is told by unsigned tags\)/,
      );
    });

    for (const change of [{ gitCommit: "9" }, { dataVersion: "v1" }, { gitCommit: null }]) {
      it(`refuses ${JSON.stringify(change)}`, () => {
        const finding = judge([service("01T00", null, change)], settings);
        assert.equal(finding.code, "never-served");
      });
    }

    it("refuses a version that records nothing, though the other records nothing either", () => {
      const judged = withEvidence("lineage", { gitCommit: null });
      const soaked = [service("01T00", null, { gitCommit: null })];
      const finding = only(soak, { ...judged, soaked }, settings);
      assert.equal(finding.code, "never-served");
      assert.match(finding.reason, /\(it doesn't record both its commit and its data version\)/);
    });

    it("refuses without evidence", () => refusesWithoutEvidence(soak, "commit and data", settings));
  });

  it("judges bytes without evidence", () => {
    const judged = { ...withoutEvidence(), soaked: [service("01T00", null)] };
    assert.equal(only(soak, judged).passed, true);
  });

  it("passes a version that comes back", () => {
    const { history } = candidate();
    const releasedAt = "2026-01-10T12:00:00.000Z";
    const back = candidate({ history: { ...history, releasedAt }, judgedAt: releasedAt });
    assert.equal(
      only(soak, back).reason,
      "churn-model v2 was released to staging at 2026-01-10T12:00:00.000Z, so it may come back without another soak.",
    );
  });

  for (const change of [
    { from: "monday" },
    { from: 7 as never },
    { to: "2026-01-31" },
    { to: "2026-01-31T12:00:00+01:00" },
    { to: {} as never },
  ]) {
    it(`refuses the time ${JSON.stringify(change)}`, () => {
      assert.equal(judge([service("01T00", null, change)]).code, "wrong-type");
    });
  }

  it("counts nothing of a time that ends before it begins", () => {
    assert.equal(judge([service("31T00", "01T00")]).code, "too-short");
  });

  it("refuses when the moment of judging can't be read", () => {
    const judged = candidate({ soaked: [service("01T00", null)], judgedAt: "yesterday" });
    const finding = only(soak, judged);
    assert.equal(finding.passed, false);
    assert.equal(finding.value, 0);
  });

  it("refuses with each of its codes", () => {
    const findings = [
      judge([]),
      judge([service("31T00", null)], { hours: 1000 }),
      judge([service("01T00", null, { green: false })]),
      judge(null),
      judge([service("01T00", null, { from: "monday" })]),
    ];
    assert.deepEqual(
      findings.map(({ code }) => code),
      codesOf(soak).map(({ code }) => code),
    );
  });

  it("judges alike in whatever order the times come", () => {
    const times = [
      service("01T00", "02T00"),
      service("03T00", "03T05", { green: false }),
      service("04T00", "05T00"),
      service("30T00", null),
    ];
    fc.assert(
      fc.property(fc.shuffledSubarray(times, { minLength: 4 }), (shuffled) => {
        assert.deepEqual(judge(shuffled), judge(times));
      }),
    );
  });

  for (const settings of [{ hours: 0 }, { hours: Number.NaN }, { stack: "" }, { match: "alias" }]) {
    it(`refuses the settings ${JSON.stringify(settings)}`, () => {
      assert.equal(soak.settings.safeParse(settings).success, false);
    });
  }
});
