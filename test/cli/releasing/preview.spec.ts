import assert from "node:assert/strict";
import { emptyReport, take } from "../../../cli/engine/events";
import {
  type Preview,
  previewDocument,
  previewMarkdown,
  previewText,
} from "../../../cli/releasing/preview";
import { reviewRecord, reviewText } from "../../../history/review";
import type { Candidate, Review, Verdict } from "../../../policies/gate";

const pin = { name: "churn-model", version: "2", digest: `sha256:${"a".repeat(64)}` };
const from = { ...pin, version: "1", digest: `sha256:${"b".repeat(64)}` };

function verdict(changes: Partial<Verdict> = {}): Verdict {
  return {
    gate: "metric-floor",
    subject: "accuracy",
    level: "mandatory",
    status: "refused",
    passed: false,
    code: "below-floor",
    value: 0.894,
    threshold: 0.9,
    margin: -0.006,
    reason: "churn-model v2 has accuracy 0.894, below the floor 0.9.",
    remedy: "Train another version.",
    waiver: null,
    ...changes,
  };
}

const review: Review = {
  digest: `sha256:${"5".repeat(64)}`,
  ref: "refs/remotes/origin/main",
  commit: "0123456789abcdef0123456789abcdef01234567",
  problem: null,
  differences: [{ field: "tollgate:tier", value: '"dev"', reviewed: '"prod"', by: null }],
  level: "mandatory",
};

function preview(changes: Partial<Preview> = {}): Preview {
  const report = emptyReport();
  take(report, {
    timestamp: 1,
    resourcePreEvent: {
      planning: true,
      metadata: {
        op: "update",
        urn: "urn:pulumi:prod::churn::tollgate:index:Route::route",
        type: "tollgate:index:Route",
        diffs: ["digest"],
      },
    },
  });
  const candidate = { pin, waivers: [], review } as unknown as Candidate;
  return {
    settings: { stack: "prod", pin },
    report,
    judgement: { candidate, verdicts: [verdict()], blocked: true },
    from,
    refused: true,
    ...changes,
  };
}

describe("previewMarkdown", () => {
  it("is one comment with a marker, the pin's move and every verdict", async () => {
    const lines = (await previewMarkdown(preview())).split("\n");
    assert.equal(lines[0], "<!-- tollgate preview: prod -->");
    assert.equal(lines[1], "### Tollgate: `prod`, refused");
    assert.ok(
      lines.includes(
        "**Pin** churn-model version 1 (sha256:bbbbbbbbbbbb) -> churn-model version 2 (sha256:aaaaaaaaaaaa)",
      ),
    );
    const row = lines.find((line) => line.startsWith("| metric-floor accuracy |"));
    assert.match(row ?? "", /\*\*refused\*\* \| 0\.894 \| 0\.9 \| -0\.006 \|/);
    assert.ok(
      !lines.includes("| update | route | `route` | `digest` |"),
      "a refused pin changes nothing",
    );
    assert.equal(lines.at(-1), "Refused: `tollgate up --stack prod` would change nothing.");
  });

  it("says what to do next when nothing stands in the way", async () => {
    const judgement = {
      ...preview().judgement!,
      verdicts: [verdict({ status: "passed", passed: true })],
    };
    const text = await previewMarkdown(preview({ judgement, refused: false }));
    assert.match(text, /^### Tollgate: `prod`, can be released$/m);
    assert.match(text, /^#### Changes: 1 to update$/m);
    assert.match(text, /^\| update \| route \| `route` \| `digest` \|$/m);
    assert.match(text, /Next: `tollgate up --stack prod`$/);
  });

  it("lists violations of other policies, and a gate's own only once", async () => {
    const { report } = preview();
    report.violations.push(
      { policy: "metric-floor", level: "mandatory", message: "said twice" },
      { policy: "one-admission", level: "mandatory", message: "there are two pins" },
    );
    const text = await previewMarkdown(preview({ report }));
    assert.match(text, /^one-admission \(mandatory\): there are two pins$/m);
    assert.doesNotMatch(text, /said twice/);
  });
});

describe("previewText", () => {
  it("shows a stack without a pin", async () => {
    const text = await previewText(
      preview({
        settings: { stack: "dev", pin: null },
        from: null,
        judgement: null,
        refused: false,
      }),
      { colours: false },
    );
    assert.equal(
      text,
      "none: dev pins no version\n\n~ update   route route (digest)\n1 to update\nNext: `tollgate up --stack dev`",
    );
  });
});

describe("the settings in a preview", () => {
  it("are shown by digest, with the commit they were compared with", async () => {
    const line =
      "sha256:555555555555, not as reviewed in 0123456789ab of origin/main, but different in 1 field";
    assert.ok(
      (await previewText(preview(), { colours: false })).split("\n").includes(`Settings ${line}`),
    );
    assert.ok((await previewMarkdown(preview())).split("\n").includes(`**Settings** ${line}`));
    const { digest, ref, commit } = review;
    assert.deepEqual(previewDocument(preview()).settings, {
      ...{ digest, ref, commit },
      asReviewed: false,
    });
  });

  it("are said to be as reviewed, or compared with nothing", () => {
    const same = reviewRecord({ ...review, differences: [] });
    assert.match(reviewText(same), /, as reviewed in 0123456789ab of origin\/main$/);
    const none = { ...review, ref: null, commit: null, differences: [] };
    assert.match(reviewText(reviewRecord(none)), /with no branch named where they are reviewed$/);
    assert.match(reviewText(reviewRecord({ ...none, problem: "x" })), /, compared with nothing$/);
  });
});

describe("previewDocument", () => {
  it("carries the move, the changes and the verdicts", () => {
    const document = previewDocument(preview());
    assert.deepEqual(document.pin, { from, to: pin, changes: true });
    assert.deepEqual(document.changes, [
      { operation: "update", type: "tollgate:index:Route", name: "route", properties: ["digest"] },
    ]);
    assert.deepEqual([document.refused, document.verdicts.length], [true, 1]);
  });
});
