// Against a real Envoy and real HTTP servers that answer like scorers. It can't prove how a real model behaves.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { clusterName } from "../../provider/envoy/clusters";
import { readLiveRoute, routeFiles } from "../../provider/envoy/files";
import type { RouteInputs } from "../../provider/inputs";
import { readJournal } from "../../provider/release/journal";
import { release } from "../../provider/release/release";
import { releasedVersion } from "../../provider/release/released";
import { undoRelease } from "../../provider/release/undo";
import { routeType } from "../../provider/types/route";
import { type ScorerBehaviour, spawnFakeScorer } from "../support/fake-scorer";
import { digestOf, pin } from "../support/fixtures";
import { keptAnswers, registryWith } from "../support/kept-answers";
import { Callers, releaseTo, routeInputs, TestRouter } from "../support/router";

describe("routeType", function () {
  this.timeout(60_000);
  let router: TestRouter;

  beforeEach(async () => {
    router = await TestRouter.start();
  });

  afterEach(() => router.dispose());

  const scorer: TestRouter["scorer"] = (...given) => router.scorer(...given);
  // Long enough for each way to answer badly to be seen.
  const inputs = (version: string, urls: string[], change: Partial<RouteInputs> = {}) =>
    routeInputs(router, version, urls, { watchSeconds: 0.5, ...change });
  const released = (version: string, urls: string[]) =>
    releaseTo(router, version, urls, { watchSeconds: 0.5 });

  async function servedVersion(): Promise<string> {
    const answer = await fetch(`${router.url}/predict`, { method: "POST", body: "{}" });
    await answer.arrayBuffer();
    return `${answer.status} v${answer.headers.get("x-model-version")}`;
  }

  it("answers 503 with a reason as JSON before the first release and after delete", async () => {
    const first = await scorer("1");
    const answer = await fetch(`${router.url}/predict`, { method: "POST", body: "{}" });
    assert.equal(answer.status, 503);
    assert.deepEqual(await answer.json(), {
      error: {
        code: "unavailable",
        field: null,
        message: "no model version is released here; release one and ask again",
      },
    });
    const given = await released("1", [first.url]);
    assert.equal(await servedVersion(), "200 v1");
    await routeType.delete("route", given);
    assert.equal(await servedVersion(), "503 vnull");
    assert.equal(await routeType.read("route", given), null);
    assert.deepEqual(readLiveRoute(router.stateDir).clusters, []);
  });

  it("moves between versions under load without a failed request", async () => {
    const [one, two] = [await scorer("1"), await scorer("2")];
    await released("1", [one.url]);
    const callers = new Callers(router.url);
    for (const version of ["2", "1", "2", "1"]) {
      await callers.until(() => callers.requests > 0);
      await released(version, [version === "1" ? one.url : two.url]);
    }
    await callers.until(() => callers.requests >= 2000);
    await callers.stop();
    assert.deepEqual(callers.failures, []);
    assert.deepEqual(Object.keys(callers.answers).sort(), ["200 v1", "200 v2"]);
  });

  const misbehaviours: {
    title: string;
    bad: Partial<ScorerBehaviour>;
    change?: Partial<RouteInputs>;
    reason: RegExp;
  }[] = [
    {
      title: "that answers 500",
      bad: { status: 500, body: "{}" },
      reason:
        /^version 2 was put back: \d+ of \d+ requests failed \([\d.]+ %; tollgate:release\.maxErrorRate allows 1 %\).*; callers get version 1 as before$/,
    },
    {
      title: "that predicts NaN",
      bad: { body: '{"predictions": [NaN]}' },
      reason:
        /requests failed.*, it answers POST \/predict with something that is not a JSON object;/,
    },
    {
      title: "that is slow",
      bad: { delayMs: 700 },
      change: { maxP95Ms: 350 },
      reason: /its P95 latency is [\d.]+ ms \(tollgate:release\.maxP95Ms allows 350 ms\)/,
    },
    {
      title: "that turns bad after 30 requests",
      bad: { goodRequests: 30, status: 500, body: "{}" },
      reason: /requests failed/,
    },
  ];
  for (const { title, bad, change, reason } of misbehaviours) {
    it(`refuses a version ${title} and puts the traffic back while callers get answers`, async () => {
      const [one, two] = [await scorer("1"), await scorer("2", bad)];
      const before = await released("1", [one.url]);
      const callers = new Callers(router.url, 4);
      await callers.until(() => callers.requests > 20);
      await assert.rejects(
        routeType.update("route", before, inputs("2", [two.url], { watchSeconds: 1.5, ...change })),
        { message: reason },
      );
      await callers.stop();
      assert.deepEqual(callers.failures, []);
      assert.equal(await servedVersion(), "200 v1");
      assert.equal(readJournal(router.stateDir), null);
      assert.deepEqual(
        readLiveRoute(router.stateDir).clusters?.map(({ name }) => name),
        [clusterName(digestOf("1"))],
      );
      assert.equal((await routeType.diff("route", before, before)).changes, false);
    });
  }

  describe("with callers who send what a model can't digest, five times a second and more", () => {
    /** A version's status for such input, the one before and the one released; null: there is none before. */
    const cases: { before: number | null; now: number; bad?: boolean; released: boolean }[] = [
      { before: 500, now: 500, released: true },
      { before: 422, now: 500, released: true },
      { before: 200, now: 500, released: false },
      { before: null, now: 500, released: true },
      { before: 500, now: 500, bad: true, released: false },
      { before: null, now: 500, bad: true, released: false },
    ];
    for (const { before, now, bad = false, released: good } of cases) {
      const [old, fresh] = [before ?? "no version before", bad ? "a bad version" : "a good one"];
      it(`${good ? "releases" : "puts back"} ${fresh} that answers ${now} to it beside ${old}`, async () => {
        if (before !== null) {
          const one = await scorer("1", { unusual: before });
          await released("1", [one.url]);
        }
        const failing = bad ? { status: 500, body: "{}" } : {};
        const two = await scorer("2", { unusual: now, ...failing });
        const callers = new Callers(router.url, 1);
        const unusual = new Callers(router.url, 1, {
          body: '{"features":["unusual"]}',
          pauseMs: 50,
        });
        const releasing = routeType.create(inputs("2", [two.url], { watchSeconds: 2 }));
        if (good) await releasing;
        else
          await assert.rejects(
            releasing,
            /^Error: version 2 was put back: \d+ of \d+ requests failed/,
          );
        await Promise.all([callers.stop(), unusual.stop()]);
        assert.ok(unusual.requests >= 5, `${unusual.requests} unusual requests`);
        const answeredBefore = before === null ? "503 vnull" : "200 v1";
        assert.equal(await servedVersion(), good ? "200 v2" : answeredBefore);
      });
    }

    it("closes the route again for a first version that ends connections", async () => {
      const one = await scorer("1", { unusual: 0 });
      const unusual = new Callers(router.url, 2, { body: '{"features":["unusual"]}', pauseMs: 20 });
      await assert.rejects(
        routeType.create(inputs("1", [one.url], { watchSeconds: 2 })),
        /^Error: version 1 was put back: \d+ of \d+ requests failed/,
      );
      await unusual.stop();
      assert.equal(await servedVersion(), "503 vnull");
    });
  });

  describe("of kept answers", () => {
    let registry: Awaited<ReturnType<typeof registryWith>>;
    before(async () => {
      registry = await registryWith({ ...keptAnswers(), model: { ...pin, digest: digestOf("2") } });
    });
    after(() => registry.close());

    const given = (url: string) =>
      inputs("2", [url], { answers: registry.answers, watchSeconds: 2 });

    it("releases a version that gives them to callers", async () => {
      const [one, two] = [await scorer("1"), await scorer("2")];
      await released("1", [one.url]);
      const callers = new Callers(router.url, 4);
      await routeType.create(given(two.url));
      await callers.stop();
      assert.ok(two.invoked() > 5, `${two.invoked()} requests by /invocations`);
      assert.equal(await servedVersion(), "200 v2");
    });

    const liars: { title: string; lie: Partial<ScorerBehaviour>; callers: number }[] = [
      { title: "once callers get it", lie: { lies: "when busy" }, callers: 6 },
      { title: "after 30 requests", lie: { lies: "always", goodRequests: 30 }, callers: 0 },
      { title: "to rows that come alone", lie: { lies: "alone" }, callers: 0 },
      { title: "to rows in company", lie: { lies: "in company" }, callers: 0 },
      { title: "by /invocations alone", lie: { lies: "by /invocations" }, callers: 0 },
    ];
    for (const { title, lie, callers: loops } of liars) {
      it(`puts back a version that answers otherwise ${title}`, async () => {
        const [one, two] = [await scorer("1"), await scorer("2", lie)];
        await released("1", [one.url]);
        const callers = new Callers(router.url, loops);
        await assert.rejects(
          routeType.create(given(two.url)),
          /^Error: version 2 was put back: it answers row \d+ of its 400 kept answers with [12], where its evaluation got [01] \(asked .*; callers get version 1 as before$/,
        );
        await callers.stop();
        assert.equal(await servedVersion(), "200 v1");
      });
    }

    it("changes nothing for a version whose kept answers were altered", async () => {
      const [one, two] = [await scorer("1"), await scorer("2")];
      await released("1", [one.url]);
      const answers = { ...registry.answers, digest: digestOf("9") };
      await assert.rejects(
        routeType.create({ ...given(two.url), answers }),
        /its kept answers have the digest .*; callers get version 1 as before$/,
      );
      assert.equal(two.predicted(), 0);
    });
  });

  it("refuses a bad first version and closes the route again", async () => {
    const one = await scorer("1", { status: 500, body: "{}" });
    await assert.rejects(routeType.create(inputs("1", [one.url])), {
      message: /; callers get 503 as before, for no version was released here$/,
    });
    assert.equal(await servedVersion(), "503 vnull");
  });

  it("refuses to start a release while the router is dead, and changes nothing", async () => {
    const one = await scorer("1");
    await router.kill();
    await assert.rejects(routeType.create(inputs("1", [one.url])), {
      message: `the router's admin interface ${routeFiles(router.stateDir).adminSocket} does not answer (ECONNREFUSED); see the router's log, and run \`up\` again`,
    });
    assert.equal(readJournal(router.stateDir), null);
  });

  it("loses no request when one of two replicas is killed", async () => {
    const behaviour = { model: "churn-model", version: "1", digest: digestOf("1"), delayMs: 2 };
    const doomed = await spawnFakeScorer(behaviour);
    const other = await scorer("1", { delayMs: 2 });
    await released("1", [doomed.url, other.url]);
    const callers = new Callers(router.url);
    await callers.until(() => callers.requests > 300);
    doomed.process.kill("SIGKILL");
    const atKill = callers.requests;
    await callers.until(() => callers.requests > atKill + 700);
    await callers.stop();
    assert.deepEqual(callers.failures, []);
  });

  it("finishes a slow request of the version before after its cluster is dropped", async () => {
    const [one, two] = [await scorer("1", { delayMs: 1500 }), await scorer("2")];
    await released("1", [one.url]).catch(() => {});
    one.behaviour.delayMs = 0;
    await released("1", [one.url]);
    one.behaviour.delayMs = 1500;
    const slow = servedVersion();
    await sleep(100);
    await released("2", [two.url]);
    assert.equal(await servedVersion(), "200 v2");
    assert.equal(await slow, "200 v1");
  });

  it("puts the traffic back when the command is interrupted in the middle of the watch", async () => {
    const [one, two] = [await scorer("1"), await scorer("2")];
    await released("1", [one.url]);
    const interruption = new AbortController();
    const releasing = release(inputs("2", [two.url], { watchSeconds: 30 }), interruption.signal);
    const outcome = assert.rejects(releasing, {
      message: "the release of version 2 was interrupted; callers get version 1 as before",
    });
    while (two.predicted() < 3) await sleep(20);
    interruption.abort(new Error("interrupted"));
    await outcome;
    assert.equal(await servedVersion(), "200 v1");
    assert.equal(readJournal(router.stateDir), null);
  });

  it("undoes a release whose command was killed, and undoes nothing without one", async () => {
    const [one, two] = [await scorer("1"), await scorer("2")];
    const before = await released("1", [one.url]);
    const next = inputs("2", [two.url]);
    await routeType.update("route", before, next);
    assert.equal(await servedVersion(), "200 v2");
    assert.equal(
      await undoRelease({ stateDir: router.stateDir, cluster: null }),
      "callers get version 1 as before",
    );
    assert.equal(await servedVersion(), "200 v1");
    assert.equal(await undoRelease({ stateDir: router.stateDir, cluster: null }), null);
    assert.equal((await routeType.diff("route", next, next)).changes, true);
  });

  it("undoes on disk when the router is dead, and the router starts with the version before", async () => {
    const [one, two] = [await scorer("1"), await scorer("2")];
    const before = await released("1", [one.url]);
    await routeType.update("route", before, inputs("2", [two.url]));
    await router.kill();
    assert.match(
      (await undoRelease({ stateDir: router.stateDir, cluster: null }))!,
      /^callers get version 1 as before; the router has its old route on disk but did not confirm it/,
    );
    await router.restart();
    await sleep(300);
    assert.equal(await servedVersion(), "200 v1");
  });

  it("watches a cut-off release again, and goes back to the version before the cut", async () => {
    const [one, two] = [await scorer("1"), await scorer("2")];
    const before = await released("1", [one.url]);
    const next = inputs("2", [two.url]);
    await routeType.update("route", before, next);
    assert.equal((await routeType.diff("route", next, next)).changes, true);
    two.behaviour.status = 500;
    await assert.rejects(routeType.update("route", next, next), {
      message: /; callers get version 1 as before$/,
    });
    assert.equal(await servedVersion(), "200 v1");
  });

  it("releases again what a command killed in the middle of the watch left, callers unharmed", async () => {
    const [one, two] = [await scorer("1"), await scorer("2")];
    const before = await released("1", [one.url]);
    const next = inputs("2", [two.url], { watchSeconds: 30 });
    const source = path.join(__dirname, "../../provider/release/release.ts");
    const program = `require(${JSON.stringify(source)}).release(JSON.parse(process.argv[1]))`;
    const command = spawn(
      process.execPath,
      ["--import", "tsx", "-e", program, JSON.stringify(next)],
      { stdio: "inherit", cwd: path.join(__dirname, "../..") },
    );
    while (two.predicted() < 3) await sleep(20);
    command.kill("SIGKILL");
    await once(command, "exit");

    two.behaviour.status = 500;
    const callers = new Callers(router.url, 2);
    await callers.until(() => callers.requests > 50);
    assert.deepEqual(await routeType.read("route", before), {
      ...before,
      version: "2",
      digest: digestOf("2"),
      scorers: [two.url],
    });
    assert.equal(releasedVersion(router.stateDir)?.fallbackVersion, "1");
    assert.equal((await routeType.diff("route", before, before)).changes, true);
    two.behaviour.status = 200;
    await routeType.update("route", before, { ...next, watchSeconds: 0.5 });
    await callers.stop();
    assert.deepEqual(callers.failures, []);
    assert.equal(await servedVersion(), "200 v2");
    assert.equal(
      await undoRelease({ stateDir: router.stateDir, cluster: null }),
      "callers get version 1 as before",
    );
  });

  it("sees a route moved by hand in diff and read, and puts it right", async () => {
    const [one, two] = [await scorer("1"), await scorer("2")];
    await released("1", [one.url]);
    const files = routeFiles(router.stateDir);
    const [clusters, routes] = [files.clusters, files.routes].map((file) =>
      fs.readFileSync(file, "utf8"),
    );
    const recorded = await released("2", [two.url]);
    assert.equal((await routeType.diff("route", recorded, recorded)).changes, false);
    fs.writeFileSync(`${files.clusters}.new`, clusters!);
    fs.renameSync(`${files.clusters}.new`, files.clusters);
    fs.writeFileSync(`${files.routes}.new`, routes!);
    fs.renameSync(`${files.routes}.new`, files.routes);

    assert.equal((await routeType.diff("route", recorded, recorded)).changes, true);
    assert.deepEqual(await routeType.read("route", recorded), {
      ...recorded,
      version: "1",
      digest: digestOf("1"),
      scorers: [one.url],
    });
    await routeType.update("route", recorded, recorded);
    assert.equal(await servedVersion(), "200 v2");
    assert.equal(releasedVersion(router.stateDir)?.version, "2");
  });

  it("moves nothing when only a limit changes", async () => {
    const one = await scorer("1");
    const recorded = await released("1", [one.url]);
    const asked = one.predicted();
    const changed = { ...recorded, watchSeconds: 20, maxP95Ms: 100 };
    assert.equal((await routeType.diff("route", recorded, changed)).changes, true);
    assert.deepEqual(await routeType.update("route", recorded, changed), changed);
    assert.equal(one.predicted(), asked);
    assert.equal(readJournal(router.stateDir), null);
  });

  it("takes a scorer at another address into the route", async () => {
    const [one, moved] = [await scorer("1"), await scorer("1")];
    const recorded = await released("1", [one.url]);
    const next = inputs("1", [moved.url]);
    assert.equal((await routeType.diff("route", recorded, next)).changes, true);
    await routeType.update("route", recorded, next);
    await one.stop();
    assert.equal(await servedVersion(), "200 v1");
    assert.deepEqual(releasedVersion(router.stateDir)?.scorers, [moved.url]);
  });
});
