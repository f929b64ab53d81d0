import assert from "node:assert/strict";
import { gateDefaults, resolveGateConfigurations } from "../../policies/configurations";
import type { Candidate, GateConfigurations, GateLevel, Verdict } from "../../policies/gate";
import { judge } from "../../policies/judge";
import { asMarkdown, asText } from "../../policies/present";
import { candidate, waiverOn, withEvidence, withoutEvidence } from "./fixtures";

/** What passed because nobody looked. */
const unlooked: Verdict = {
  gate: "dependencies",
  level: "mandatory",
  status: "passed",
  passed: true,
  subject: "vulnerabilities",
  code: "not-looked",
  value: null,
  threshold: null,
  margin: null,
  reason: "churn-model v2 passes, but nobody looked.",
  remedy: "Look.",
  waiver: null,
};

/** Verdicts of a few gates, which is enough to look at. */
const shown = ["evidence-present", "digest-matches", "metric-floor", "latency", "approvals"];

function verdicts(judged: Candidate, level: GateLevel = "mandatory"): Verdict[] {
  const { configurations } = resolveGateConfigurations({}, { ...gateDefaults("staging"), level });
  const some = Object.entries(configurations).map(([gate, configuration]) => [
    gate,
    shown.includes(gate) ? configuration : { ...configuration, level: "disabled" },
  ]);
  return judge(judged, Object.fromEntries(some) as GateConfigurations);
}

const waived =
  "Waived: metric-floor by ann@example.com until 2026-02-02T09:00:00.000Z: The campaign starts today";

const weak = withEvidence("metrics", { accuracy: 0.894 });
const waivers = [waiverOn(weak)];
const why =
  "churn-model v2 has accuracy 0.894 on 400 rows of data/staging/eval.csv, below the floor 0.9 (margin -0.006). " +
  "Pin a version that keeps the limit, or change tollgate:gates.metric-floor in a reviewed change.";

describe("asText", () => {
  it("says of what passed that nobody looked, without a remedy", () => {
    assert.match(
      asText([unlooked]),
      /\n\ndependencies vulnerabilities: churn-model v2 passes, but nobody looked\.$/,
    );
  });

  it("lines up the verdicts, with a sentence under them for what was refused", () => {
    assert.equal(
      asText(verdicts(weak)),
      [
        "gate                   verdict                value            threshold  margin",
        "evidence-present       passed",
        "digest-matches         passed   sha256:aaaaaaaaaaaa  sha256:aaaaaaaaaaaa",
        "metric-floor accuracy  refused                0.894                  0.9  -0.006",
        "latency p95            passed                 12.25                   50   37.75",
        "approvals              passed                     0                    0       0",
        "",
        `metric-floor accuracy: ${why}`,
      ].join("\n"),
    );
  });

  it("has nothing under the table when all passed", () => {
    assert.equal(asText(verdicts(candidate())).includes("\n\n"), false);
  });

  it("marks what an advisory gate refuses", () => {
    assert.match(
      asText(verdicts(weak, "advisory")),
      /^metric-floor accuracy {2}refused \(advisory\) {2}/m,
    );
  });

  it("says by whom, until when and why a refusal was waived", () => {
    const text = asText(verdicts({ ...weak, waivers }));
    assert.match(text, /^metric-floor accuracy {2}waived {2}/m);
    assert.ok(text.endsWith(`\n${waived}`));
  });

  it("says which waivers don't count", () => {
    const problem = "Waiver 1 of churn-model v2 (latency) doesn't count: it expired.";
    assert.ok(asText(verdicts(weak), { waiverProblems: [problem] }).endsWith(`\n${problem}`));
  });

  it("shows the cause alone when there is no evidence", () => {
    assert.equal(
      asText(verdicts(withoutEvidence())),
      [
        "gate              verdict  value  threshold  margin",
        "evidence-present  refused",
        "approvals         passed       0          0       0",
        "",
        "evidence-present: churn-model v2 has no evidence; run `tollgate evaluate`.",
      ].join("\n"),
    );
  });

  it("has colours only when they are asked for", () => {
    const escape = "\u001b";
    assert.equal(asText(verdicts(weak)).includes(escape), false);
    const coloured = asText(verdicts(weak), { colours: true });
    assert.ok(coloured.includes(`${escape}[31mrefused${escape}[39m`));
    assert.ok(coloured.includes(`${escape}[32mpassed${escape}[39m`));
    assert.equal(coloured.replace(/\u001b\[\d+m/g, ""), asText(verdicts(weak)));
  });
});

describe("asMarkdown", () => {
  it("says of what passed that nobody looked, without making it bold", () => {
    assert.match(
      asMarkdown([unlooked]),
      /\| passed \|.*\| churn-model v2 passes, but nobody looked\. \|$/,
    );
  });

  it("is a table that says why, and what to do, for what was refused", () => {
    const lines = asMarkdown(verdicts(weak)).split("\n");
    assert.deepEqual(lines.slice(0, 2), [
      "| gate | verdict | value | threshold | margin | why, and what to do |",
      "| --- | --- | ---: | ---: | ---: | --- |",
    ]);
    assert.ok(
      lines.includes(`| metric-floor accuracy | **refused** | 0.894 | 0.9 | -0.006 | ${why} |`),
    );
    assert.ok(lines.includes("| latency p95 | passed | 12.25 | 50 | 37.75 |  |"));
    assert.equal(lines.length, 7);
  });

  it("keeps foreign text inside its cell", () => {
    const detail = "a | b\n<script>alert(1)</script> \\";
    const judged = withEvidence("smoke", { passed: false, detail });
    const { configurations } = resolveGateConfigurations({}, gateDefaults("staging"));
    const line = asMarkdown(judge(judged, configurations))
      .split("\n")
      .find((row) => row.startsWith("| smoke |"));
    assert.ok(line?.includes("a \\| b &lt;script>alert(1)&lt;/script> \\\\."), line);
  });

  it("ends with the waivers", () => {
    const markdown = asMarkdown(verdicts({ ...weak, waivers }));
    assert.ok(markdown.includes("| metric-floor accuracy | **waived** |"));
    assert.ok(markdown.endsWith(`\n\n${waived}`));
  });
});

describe("asText, in a terminal of 80 columns", () => {
  const wide: Verdict[] = [
    {
      ...unlooked,
      subject: "balanced-accuracy",
      gate: "better-than-trivial",
      value: 0.41894,
      margin: 0.41894,
      threshold: 0,
    },
    {
      ...unlooked,
      gate: "digest-matches",
      subject: null,
      value: `sha256:${"9".repeat(64)}`,
      threshold: `sha256:${"9".repeat(64)}`,
    },
    { ...unlooked, gate: "provenance", subject: "clock", value: "2026-11-30T01:32:03Z" },
    {
      ...unlooked,
      gate: "evidence-signed",
      subject: null,
      level: "advisory",
      status: "refused",
      passed: false,
    },
    {
      ...unlooked,
      gate: "fairness",
      subject: "demographic parity ratio of gender, region and age",
      value: 0.8,
    },
  ];
  const table = (columns?: number) => asText(wide, { columns }).split("\n\n")[0]!.split("\n");

  it("fits, and keeps every number whole", () => {
    const rows = table(80);
    for (const row of rows) assert.ok(row.length <= 80, row);
    assert.match(rows[1]!, / passed +0\.41894 +0 +0\.41894$/);
    assert.match(rows[2]!, / 99999999… +99999999…$/);
    assert.match(rows[4]!, /^evidence-signed +advised$/);
  });

  it("is as it is where there is room", () => {
    assert.deepEqual(table(200), table());
    assert.match(table().join("\n"), /refused \(advisory\)/);
  });
});
