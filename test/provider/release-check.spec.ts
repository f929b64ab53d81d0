// Against real HTTP servers that answer like scorers.
import assert from "node:assert/strict";
import type { ReleaseCheckInputs } from "../../provider/inputs";
import { checkScorers } from "../../provider/release/check-scorers";
import { releaseCheckType } from "../../provider/types/release-check";
import { type FakeScorer, type ScorerBehaviour, startFakeScorer } from "../support/fake-scorer";
import { digestOf } from "../support/fixtures";
import { keptAnswers, registryWith } from "../support/kept-answers";

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
      answers: null,
    };
  }

  it("passes ready scorers of the pinned version, and asks each about a hundred times", async () => {
    const [first, second] = [await scorer(), await scorer()];
    const given = inputs(first.url, second.url);
    assert.deepEqual(await releaseCheckType.create(given), { id: digestOf("a"), outputs: given });
    assert.deepEqual([first.predicted(), second.predicted()], [110, 110]);
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
        /^version 2 of churn-model gets no traffic: its scorer http:\S+ has a P95 latency of ([\d.]+ ms(, )?){3} over 100 requests each, above the limit of 5 ms \(tollgate:release\.maxP95Ms\), asked from a machine with a load of [\d.]+ on \d+ processors; pin a faster version, release on a quieter machine, or raise the limit$/,
    });
    assert.equal(slow.predicted(), 310);
  });

  it("asks a slow scorer again, and passes it once it is quick enough", async () => {
    const busy = await scorer({ delayMs: 60 });
    // Far enough apart that a machine's own pauses are no answer of 50 ms and more.
    const calm = setInterval(() => {
      if (busy.predicted() > 110) busy.behaviour.delayMs = 0;
    }, 5);
    try {
      await releaseCheckType.create({ ...inputs(busy.url), maxP95Ms: 50 });
    } finally {
      clearInterval(calm);
    }
    assert.ok(busy.predicted() > 110, `${busy.predicted()} requests`);
  });

  it("takes columns of as many answers as rows for an answer to each row", async () => {
    await releaseCheckType.create(
      inputs((await scorer({ body: '{"predictions": {"class": ["no"], "score": [0.5]}}' })).url),
    );
    for (const body of [
      '{"predictions": {"class": ["no", "yes"]}}',
      '{"predictions": {"class": ["no"], "score": 0.5}}',
      '{"predictions": {}}',
    ]) {
      const bad = await scorer({ body });
      await assert.rejects(
        releaseCheckType.create(inputs(bad.url)),
        /answers POST \/predict with(out| 2) predictions/,
      );
    }
  });

  it("takes null beside an answer, and not for one", async () => {
    const answered = async (prediction: string) => {
      const body = `{"predictions": [${prediction}]}`;
      return releaseCheckType.create(inputs((await scorer({ body })).url));
    };
    await answered('{"class": 1, "why": null}');
    await answered('["no", null]');
    for (const prediction of [
      "[0.5, null]",
      '{"class": null, "why": null}',
      "[null]",
      '{"p": 1e999, "why": "x"}',
    ]) {
      await assert.rejects(answered(prediction), /with a prediction that is not finite$/);
    }
  });

  it("asks a sample with the digits it is offered with", async () => {
    const sample = '{"features": [[9007199254740993, 1.0]]}';
    const only = await scorer({ sample });
    await releaseCheckType.create(inputs(only.url));
    assert.deepEqual(only.bodies(), [sample]);
  });

  it("takes a limit of 0 as none", async () => {
    const slow = await scorer({ delayMs: 2 });
    await releaseCheckType.create({ ...inputs(slow.url), maxP95Ms: 0 });
    assert.equal(slow.predicted(), 110);
  });

  it("refuses a scorer that does not answer", async () => {
    const gone = await scorer();
    await gone.stop();
    await assert.rejects(releaseCheckType.create(inputs(gone.url)), {
      message: `version 2 of churn-model gets no traffic: its scorer ${gone.url} does not answer (ECONNREFUSED)`,
    });
  });

  describe("of kept answers", () => {
    let registry: Awaited<ReturnType<typeof registryWith>>;
    let given: (...urls: string[]) => ReleaseCheckInputs;
    before(async () => {
      registry = await registryWith(keptAnswers());
      given = (...urls) => ({ ...inputs(...urls), answers: registry.answers });
    });
    after(() => registry.close());

    it("passes a scorer that gives them again, by both routes", async () => {
      const honest = await scorer();
      await releaseCheckType.create(given(honest.url));
      assert.equal(honest.predicted() + honest.invoked(), 110 + 161);
      assert.ok(honest.predicted() > 80 && honest.invoked() > 80);
    });

    for (const [what, change] of [
      ["offers no sample", { withoutSample: true }],
      ["fails on the sample it offers, whose values were made up", { failsOnSample: true }],
    ] as const) {
      it(`asks for them and nothing else where a model ${what}`, async () => {
        const honest = await scorer(change);
        await releaseCheckType.create(given(honest.url));
        assert.equal(honest.predicted() + honest.invoked(), 110 + 161);
      });
    }

    it("measures the latency of them", async () => {
      const slow = await scorer({ withoutSample: true, delayMs: 15 });
      await assert.rejects(
        releaseCheckType.create({ ...given(slow.url), maxP95Ms: 5 }),
        / has a P95 latency of [\d.]+ ms, [\d.]+ ms, [\d.]+ ms over 100 requests each/,
      );
    });

    const liars: { title: string; lie: Partial<ScorerBehaviour>; way?: RegExp }[] = [
      { title: "always", lie: { lies: "always" } },
      { title: "to rows that come alone", lie: { lies: "alone" }, way: /asked alone by/ },
      {
        title: "to rows in company",
        lie: { lies: "in company" },
        way: /asked in a batch of \d+ by/,
      },
      { title: "by /predict alone", lie: { lies: "by /predict" }, way: /by POST \/predict\)/ },
      { title: "by /invocations alone", lie: { lies: "by /invocations" }, way: /\/invocations\)/ },
      { title: "by a hundredth", lie: { lies: "always", liesBy: 0.01 } },
      { title: "after the first 200 requests", lie: { lies: "always", goodRequests: 200 } },
    ];
    for (const { title, lie, way } of liars) {
      it(`refuses a scorer that answers otherwise ${title}`, async () => {
        const [honest, liar] = [await scorer(), await scorer(lie)];
        await assert.rejects(
          releaseCheckType.create(given(honest.url, liar.url)),
          ({ message }: Error) => {
            assert.ok(
              message.startsWith(
                `version 2 of churn-model gets no traffic: its scorer ${liar.url} answers row `,
              ),
              message,
            );
            assert.match(message, / with [\d.]+, where its evaluation got [01] \(asked /);
            if (way) assert.match(message, way);
            return true;
          },
        );
      });
    }

    describe("with null beside what is measured", () => {
      const answer = '{"class": 1, "why": null}';
      let lacking: Awaited<ReturnType<typeof registryWith>>;
      before(async () => {
        lacking = await registryWith({ ...keptAnswers(1), answers: [JSON.parse(answer)] });
      });
      after(() => lacking.close());

      async function released(prediction: string): Promise<void> {
        const { url } = await scorer({ body: `{"predictions": [${prediction}]}` });
        const answers = { ...lacking.answers, alone: true };
        await releaseCheckType.create({ ...inputs(url), answers });
      }

      it("passes a scorer that gives it again", () => released(answer));

      for (const other of [
        '{"class": null, "why": null}',
        '{"class": 1e999, "why": null}',
        '{"class": 1, "why": 0}',
        "null",
      ]) {
        it(`refuses a scorer that answers ${other}`, () =>
          assert.rejects(
            released(other),
            /answers row 1 of its 1 kept answers with .*, where its evaluation got \{"class":1,"why":null\}/,
          ));
      }

      it("refuses a scorer that answers NaN", () =>
        assert.rejects(released('{"class": NaN, "why": null}'), /not a JSON object/));
    });

    it("refuses answers other than the evidence names, and asks nobody", async () => {
      const honest = await scorer();
      const { answers, ...rest } = given(honest.url);
      const other = { ...answers!, digest: digestOf("9") };
      await assert.rejects(releaseCheckType.create({ ...rest, answers: other }), {
        message: `version 2 of churn-model gets no traffic: its kept answers have the digest ${answers!.digest}, but its evidence names ${digestOf("9")}; run \`tollgate evaluate\` for it again`,
      });
      assert.equal(honest.predicted(), 0);
    });

    it("refuses a version whose registry doesn't answer", async () => {
      const honest = await scorer();
      const { answers, ...rest } = given(honest.url);
      const gone = { ...answers!, registry: { ...answers!.registry, uri: "http://127.0.0.1:9" } };
      await assert.rejects(
        releaseCheckType.create({ ...rest, answers: gone }),
        /^Error: version 2 of churn-model gets no traffic: .*http:\/\/127\.0\.0\.1:9/,
      );
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
