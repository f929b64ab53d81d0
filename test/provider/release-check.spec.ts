// Against real HTTP servers that answer like scorers.
import assert from "node:assert/strict";
import type { ReleaseCheckInputs } from "../../provider/inputs";
import { checkScorers } from "../../provider/release/check-scorers";
import { releaseCheckType } from "../../provider/types/release-check";
import { type FakeScorer, type ScorerBehaviour, startFakeScorer } from "../support/fake-scorer";
import { digestOf } from "../support/fixtures";

describe("releaseCheckType", function () {
  this.timeout(20_000);
  const scorers: FakeScorer[] = [];

  afterEach(() => Promise.all(scorers.splice(0).map((scorer) => scorer.stop())));

  async function scorer(change: Partial<ScorerBehaviour> = {}): Promise<FakeScorer> {
    const right = { model: "churn-model", version: "2", digest: digestOf("a") };
    const started = await startFakeScorer({ ...right, ...change });
    scorers.push(started);
    return started;
  }

  function inputs(...urls: string[]): ReleaseCheckInputs {
    return {
      scorers: urls,
      model: "churn-model",
      version: "2",
      digest: digestOf("a"),
      maxP95Ms: 2000,
    };
  }

  it("passes ready scorers of the pinned version, and asks each about a hundred times", async () => {
    const [first, second] = [await scorer(), await scorer()];
    const given = inputs(first.url, second.url);
    assert.deepEqual(await releaseCheckType.create(given), { id: digestOf("a"), outputs: given });
    assert.deepEqual([first.predicted(), second.predicted()], [111, 111]);
  });

  it("does not ask a model for predictions that offers no sample", async () => {
    const only = await scorer({ withoutSample: true });
    await releaseCheckType.create(inputs(only.url));
    assert.equal(only.predicted(), 0);
  });

  const refusals: { title: string; wrong: Partial<ScorerBehaviour>; reason: string }[] = [
    { title: "that is not ready", wrong: { ready: 503 }, reason: "answers 503 to GET /ready" },
    {
      title: "of another model",
      wrong: { model: "other" },
      reason: 'serves model "other", the pin says "churn-model"',
    },
    {
      title: "of another version",
      wrong: { version: "1" },
      reason: 'serves version "1", the pin says "2"',
    },
    {
      title: "of other bytes",
      wrong: { digest: digestOf("b") },
      reason: `serves digest "${digestOf("b")}", the pin says "${digestOf("a")}"`,
    },
    {
      title: "that answers 500",
      wrong: { status: 500 },
      reason: "answers 500 to POST /predict",
    },
    {
      title: "that predicts NaN",
      wrong: { body: '{"predictions": [NaN]}' },
      reason: "answers POST /predict with something that is not a JSON object",
    },
    {
      title: "that predicts null",
      wrong: { body: '{"predictions": [null]}' },
      reason: "answers POST /predict with a prediction that is not finite",
    },
    {
      title: "that predicts an infinite number",
      wrong: { body: '{"predictions": [[0.5, 1e999]]}' },
      reason: "answers POST /predict with a prediction that is not finite",
    },
    {
      title: "that predicts too little",
      wrong: { body: '{"predictions": []}' },
      reason: "answers POST /predict with 0 predictions for 1 rows",
    },
    {
      title: "that sends no predictions",
      wrong: { body: '{"error": {}}' },
      reason: "answers POST /predict without predictions",
    },
    {
      title: "that fails now and then",
      wrong: { goodRequests: 50, status: 500 },
      reason: "answers 500 to POST /predict after 50 good answers",
    },
  ];
  for (const { title, wrong, reason } of refusals) {
    it(`refuses a scorer ${title}`, async () => {
      const good = await scorer();
      const bad = await scorer(wrong);
      await assert.rejects(releaseCheckType.create(inputs(good.url, bad.url)), {
        message: `version 2 of churn-model gets no traffic: its scorer ${bad.url} ${reason}`,
      });
    });
  }

  it("refuses a slow scorer with the measured P95 and the limit", async () => {
    const slow = await scorer({ delayMs: 15 });
    await assert.rejects(releaseCheckType.create({ ...inputs(slow.url), maxP95Ms: 5 }), {
      message:
        /^version 2 of churn-model gets no traffic: its scorer http:\S+ has a P95 latency of [\d.]+ ms over 100 requests, above the limit of 5 ms \(tollgate:release\.maxP95Ms\); pin a faster version or raise the limit$/,
    });
  });

  it("takes a limit of 0 as none", async () => {
    const slow = await scorer({ delayMs: 2 });
    await releaseCheckType.create({ ...inputs(slow.url), maxP95Ms: 0 });
    assert.equal(slow.predicted(), 111);
  });

  it("refuses a scorer that does not answer", async () => {
    const gone = await scorer();
    await gone.stop();
    await assert.rejects(releaseCheckType.create(inputs(gone.url)), {
      message: `version 2 of churn-model gets no traffic: its scorer ${gone.url} does not answer (ECONNREFUSED)`,
    });
  });

  it("ends at once when the command is interrupted", async () => {
    const slow = await scorer({ delayMs: 100 });
    const interruption = new AbortController();
    const checking = checkScorers(inputs(slow.url), interruption.signal);
    setTimeout(() => interruption.abort(new Error("interrupted")), 150);
    await assert.rejects(checking, { message: "interrupted" });
    assert.ok(slow.predicted() < 10, `${slow.predicted()} requests`);
  });

  it("runs again for other scorers and other bytes, and not for another limit", async () => {
    const recorded = inputs("http://127.0.0.1:1");
    const changes = async (news: ReleaseCheckInputs) =>
      (await releaseCheckType.diff("id", recorded, news)).changes;
    assert.equal(await changes({ ...recorded }), false);
    assert.equal(await changes({ ...recorded, maxP95Ms: 1 }), false);
    assert.equal(await changes(inputs("http://127.0.0.1:2")), true);
    assert.equal(await changes({ ...recorded, digest: digestOf("b") }), true);
  });
});
