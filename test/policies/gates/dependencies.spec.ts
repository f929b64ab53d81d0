import assert from "node:assert/strict";
import type { Candidate, Finding } from "../../../policies/gate";
import { dependencies } from "../../../policies/gates/dependencies";
import { digestOf, only, refusesWithoutEvidence, withEvidence } from "../fixtures";

const database = { path: "data/osv", digest: digestOf("4"), records: 1200 };
const vulnerable = [
  { package: "pillow", version: "9.0.0", advisory: "GHSA-0002" },
  { package: "numpy", version: "1.16.0", advisory: "GHSA-0001" },
];

function finding(subject: string, judged: Candidate, settings: unknown = {}): Finding {
  const findings = dependencies.check(judged, dependencies.settings.parse(settings));
  assert.deepEqual(
    findings.map((each) => each.subject),
    ["pins", "vulnerabilities"],
  );
  return findings.find((each) => each.subject === subject)!;
}

const having = (change: Parameters<typeof withEvidence<"dependencies">>[1]) =>
  withEvidence("dependencies", change);

describe("dependencies", () => {
  it("passes exact versions", () => {
    const found = finding("pins", having({}));
    assert.equal(found.passed, true);
    assert.equal(
      found.reason,
      "churn-model v2 names in requirements.txt nothing without an exact version.",
    );
  });

  it("refuses requirements without an exact version, and names them", () => {
    assert.deepEqual(finding("pins", having({ unpinned: ["pandas>=2", "numpy"] })), {
      passed: false,
      subject: "pins",
      code: "unpinned",
      value: 2,
      threshold: 0,
      margin: -2,
      reason:
        "churn-model v2 names in requirements.txt 2 requirements without an exact version: numpy, pandas>=2.",
    });
  });

  it("lists at most five", () => {
    const unpinned = ["g", "f", "e", "d", "c", "b", "a"];
    assert.match(
      finding("pins", having({ unpinned })).reason,
      /7 requirements .*: a, b, c, d, e and 2 more\.$/,
    );
  });

  it("says that nobody looked for vulnerabilities, where no database is named", () => {
    const found = finding("vulnerabilities", having({}));
    assert.equal(found.passed, true);
    assert.equal(found.value, null);
    assert.equal(
      found.reason,
      "churn-model v2 passes, but nobody looked for known vulnerabilities; name a database in tollgate:gates.dependencies.database to do so.",
    );
  });

  it("passes packages that the database knows nothing against", () => {
    const found = finding("vulnerabilities", having({ database }), { database: "data/osv" });
    assert.equal(
      found.reason,
      "churn-model v2 needs no package with a known vulnerability among the 1200 records of data/osv.",
    );
    assert.equal(found.value, 0);
  });

  for (const settings of [{}, { database: "data/osv" }]) {
    it(`refuses known vulnerabilities with the settings ${JSON.stringify(settings)}`, () => {
      assert.deepEqual(finding("vulnerabilities", having({ database, vulnerable }), settings), {
        passed: false,
        subject: "vulnerabilities",
        code: "vulnerable",
        value: 2,
        threshold: 0,
        margin: -2,
        reason:
          "churn-model v2 needs packages with 2 known vulnerabilities: numpy 1.16.0 (GHSA-0001), pillow 9.0.0 (GHSA-0002).",
      });
    });
  }

  it("refuses a version that wasn't looked up, or in an empty database, where the settings want it", () => {
    const settings = { database: "data/osv" };
    const never = finding("vulnerabilities", having({}), settings);
    assert.equal(never.code, "measured-otherwise");
    assert.equal(
      never.reason,
      "churn-model v2 was looked up in no database, and the settings want known vulnerabilities looked for in data/osv.",
    );
    const empty = having({ database: { ...database, records: 0 } });
    assert.equal(finding("vulnerabilities", empty, settings).code, "measured-otherwise");
    const another = finding("vulnerabilities", having({ database }), { database: "data/osv-2026" });
    assert.equal(another.code, "measured-otherwise");
    assert.equal(
      another.reason,
      "churn-model v2 was looked up in data/osv, which holds 1200 records, and the settings want known vulnerabilities looked for in data/osv-2026.",
    );
  });

  it("refuses a version that doesn't say what it needs", () => {
    const found = only(dependencies, having({ file: null }));
    assert.equal(found.code, "no-dependencies");
    assert.equal(found.reason, "churn-model v2 has no file that says what it needs to run.");
  });

  for (const change of [{ unpinned: "numpy" }, { vulnerable: null }]) {
    it(`refuses ${JSON.stringify(change)}`, () => {
      assert.equal(only(dependencies, having(change as never)).code, "not-measured");
    });
  }

  for (const settings of [{ database: "" }, { database: 7 }, { databases: [] }]) {
    it(`refuses the settings ${JSON.stringify(settings)}`, () => {
      assert.equal(dependencies.settings.safeParse(settings).success, false);
    });
  }

  it("refuses without evidence", () => refusesWithoutEvidence(dependencies, "dependencies"));

  it("can be waived", () => assert.equal(dependencies.waivable, true));
});
