import assert from "node:assert/strict";
import { resolveGateConfigurations } from "../../policies/configurations";
import type { Candidate, GateLevel, Verdict } from "../../policies/gate";
import { judge } from "../../policies/judge";
import { asJson, asMarkdown, asText } from "../../policies/present";
import { candidate, override, withEvidence, withoutEvidence } from "./fixtures";

function verdicts(judged: Candidate, level: GateLevel = "mandatory"): Verdict[] {
  const { configurations } = resolveGateConfigurations(
    { smoke: { level: "disabled" }, "schema-present": { level: "disabled" } },
    {
      level,
      settings: { "metric-floor": { floors: { accuracy: 0.9 } }, latency: { p95Ms: 50 } },
    },
  );
  return judge(judged, configurations);
}

const weak = withEvidence("metrics", { accuracy: 0.894 });
const why =
  "churn-model v2 has accuracy 0.894, below the floor 0.9 (margin -0.006). " +
  "Pin a version that keeps the limit, or change tollgate:gates.metric-floor in a reviewed change.";

describe("asText", () => {
  it("lines up the verdicts, with a sentence under them for what was refused", () => {
    assert.equal(
      asText(verdicts(weak)),
      [
        "gate                   verdict                value            threshold  margin",
        "evidence-present       passed",
        "digest-matches         passed   sha256:aaaaaaaaaaaa  sha256:aaaaaaaaaaaa",
        "metric-floor accuracy  refused                0.894                  0.9  -0.006",
        "latency p95            passed                 12.25                   50   37.75",
        "lineage-complete       passed               0a1b2c3",
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

  it("says by whom and why a refusal was overridden", () => {
    const text = asText(verdicts({ ...weak, override }), { override });
    assert.match(text, /^metric-floor accuracy {2}overridden {2}/m);
    assert.ok(
      text.endsWith(
        "\nOverridden by bea@example.com at 2026-02-01T09:00:00Z: The campaign starts today",
      ),
    );
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
    assert.equal(lines.length, 8);
  });

  it("keeps foreign text inside its cell", () => {
    const detail = "a | b\n<script>alert(1)</script> \\";
    const judged = withEvidence("smoke", { passed: false, detail });
    const { configurations } = resolveGateConfigurations(
      {},
      { level: "mandatory", settings: { latency: null } },
    );
    const line = asMarkdown(judge(judged, configurations))
      .split("\n")
      .find((row) => row.startsWith("| smoke |"));
    assert.ok(line?.includes("a \\| b &lt;script>alert(1)&lt;/script> \\\\."), line);
  });

  it("ends with the override", () => {
    const markdown = asMarkdown(verdicts({ ...weak, override }), { override });
    assert.ok(markdown.includes("| metric-floor accuracy | **overridden** |"));
    assert.ok(
      markdown.endsWith(
        "\n\nOverridden by bea@example.com at 2026-02-01T09:00:00Z: The campaign starts today",
      ),
    );
  });
});

describe("asJson", () => {
  it("carries every verdict, echoes too, and what they come to", () => {
    const all = verdicts(withoutEvidence());
    assert.deepEqual(asJson(all), { blocked: true, verdicts: all });
    assert.equal(asJson(verdicts(candidate())).blocked, false);
  });
});
