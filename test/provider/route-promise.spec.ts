// What callers are promised beside a bad replica or a bad version, whatever they send: against a real Envoy.
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { bodyBytes } from "../../provider/envoy/limits";
import type { RouteInputs } from "../../provider/inputs";
import { routeType } from "../../provider/types/route";
import { releaseTo, routeInputs, TestRouter } from "../support/router";

/** Sizes of bodies: what everybody sends, and on both sides of what Envoy keeps as it comes, up to the most there may be. */
const sizes = [64, 1024 ** 2, 1.2 * 1024 ** 2, bodyBytes].map(Math.round);

describe("a caller's request", function () {
  this.timeout(120_000);
  let router: TestRouter;

  beforeEach(async () => {
    router = await TestRouter.start();
  });

  afterEach(() => router.dispose());

  const scorer: TestRouter["scorer"] = (...given) => router.scorer(...given);
  const inputs = (version: string, urls: string[], change: Partial<RouteInputs> = {}) =>
    routeInputs(router, version, urls, change);
  // It is the one after it that is to be judged.
  const released = (version: string, urls: string[]) =>
    releaseTo(router, version, urls, { maxP95Ms: 20_000 });

  /** Asks with a body of so many bytes; such as `200 v1`. */
  async function ask(bytes: number, text = '{"features":[[0.5,1]]}'): Promise<string> {
    const body = text.padEnd(bytes);
    const answer = await fetch(`${router.url}/predict`, { method: "POST", body });
    const said = await answer.text();
    const version = answer.headers.get("x-model-version");
    return answer.status === 200 ? `200 v${version}` : `${answer.status} v${version}: ${said}`;
  }

  for (const bytes of sizes) {
    it(`of ${bytes} bytes is asked of another replica where one drops connections`, async () => {
      // The watch asks what both answer.
      const [drops, answers] = [
        await scorer("1", { unusual: 0 }),
        await scorer("1", { unusual: 200 }),
      ];
      await released("1", [drops.url, answers.url]);
      const asked: string[] = [];
      for (let i = 0; i < 6; i++) asked.push(await ask(bytes, '{"features":["unusual"]}'));
      assert.deepEqual(asked, Array(6).fill("200 v1"));
    });

    it(`of ${bytes} bytes is asked of the version before while a bad one is released`, async () => {
      const [one, two] = [await scorer("1"), await scorer("2")];
      await released("1", [one.url]);
      const releasing = routeType.create(inputs("2", [two.url], { watchSeconds: 30 }));
      const outcome = assert.rejects(releasing, /version 2 was put back/);
      while (two.predicted() === 0) await sleep(5);
      two.behaviour.status = 500;
      assert.deepEqual([await ask(bytes), await ask(bytes)], ["200 v1", "200 v1"]);
      await outcome;
    });

    it(`of ${bytes} bytes gets the answer of the version before where the new one hangs`, async () => {
      const [one, two] = [await scorer("1"), await scorer("2")];
      await released("1", [one.url]);
      const change = { watchSeconds: 30, maxP95Ms: 100 };
      const releasing = routeType.create(inputs("2", [two.url], change));
      const outcome = assert.rejects(releasing, /version 2 was put back/);
      while (two.predicted() === 0) await sleep(5);
      // Longer than the route's own limit.
      two.behaviour.delayMs = 100_000;
      assert.equal(await ask(bytes), "200 v1");
      await outcome;
    });
  }

  it("that takes long with either version is cut by no time per try, and is answered once", async () => {
    // Longer than a try.
    const delayMs = 4500;
    const [one, two] = [await scorer("1"), await scorer("2")];
    await released("1", [one.url]);
    const releasing = routeType.create(inputs("2", [two.url], { watchSeconds: 4, maxP95Ms: 100 }));
    const outcome = assert.rejects(releasing, /version 2 was put back/);
    while (two.predicted() === 0) await sleep(5);
    one.behaviour.delayMs = delayMs;
    two.behaviour.delayMs = delayMs;
    const started = performance.now();
    assert.match(await ask(64), /^200 v[12]$/);
    assert.ok(performance.now() - started >= delayMs - 1);
    await outcome;
  });

  it("that takes longer than the setting allows gets 504 with a sentence", async () => {
    const one = await scorer("1");
    await releaseTo(router, "1", [one.url], { answerSeconds: 1 });
    one.behaviour.delayMs = 3000;
    const answer = await fetch(`${router.url}/predict`, { method: "POST", body: "{}" });
    assert.equal(answer.status, 504);
    const { error } = (await answer.json()) as { error: { code: string; message: string } };
    assert.equal(error.code, "unavailable");
    assert.match(error.message, /time/);
  });
});
