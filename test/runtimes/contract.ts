import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import type { Settings } from "../../config/settings";
import { operationsOf } from "../../runtimes";
import { OperationError } from "../../runtimes/errors";
import type { RegistryStatus } from "../../runtimes/observed";

/** A real environment of one kind, of which nothing was made yet. */
export interface TestEnvironment {
  readonly settings: Settings;
  /** Makes its registry and whatever else there is to see and to stop. */
  make(): Promise<void>;
  /** Takes everything away again. */
  dispose(): Promise<void>;
}

/** What a registry says that isn't asked. */
const registry: RegistryStatus = {
  uri: "http://127.0.0.1:5001",
  alias: { name: "staging", version: null },
  stage: null,
  evidence: null,
  problem: "nobody was asked",
};

/**
 * What every kind of runtime keeps to, whatever it runs on. Written against the interface alone: a new kind gives an
 * environment and adds nothing here.
 */
export function keepsTheContract(kind: Settings["runtime"], begin: () => Promise<TestEnvironment>) {
  describe(`the operations of runtime ${kind}`, function () {
    this.timeout(180_000);
    const operations = operationsOf({ runtime: kind });
    let environment: TestEnvironment;
    let settings: Settings;

    beforeEach(async () => {
      environment = await begin();
      ({ settings } = environment);
      assert.equal(settings.runtime, kind);
    });
    afterEach(() => environment.dispose());

    const observed = () => operations.observe(settings, () => Promise.resolve(registry));
    const codeOf = async (promise: Promise<unknown>): Promise<string> => {
      const error = await promise.then(
        () => assert.fail("expected a refusal"),
        (reason: unknown) => reason,
      );
      assert.ok(error instanceof OperationError, String(error));
      assert.match(error.message, /\.$/, "a refusal is a sentence");
      return error.code;
    };

    it("look at what isn't there yet without throwing", async () => {
      await operations.requireReady(settings);
      assert.equal(await operations.registryExists(settings), false);
      const { serving, processes, pods, cluster, interrupted } = await observed();
      assert.equal(serving.answer, null);
      assert.ok(serving.problem);
      assert.deepEqual([...processes, ...pods], []);
      assert.equal(cluster?.problem ?? null, null);
      assert.equal(interrupted, false);
      const { logs } = await operations.logs(settings);
      assert.deepEqual(logs, []);
      const { answer } = await operations.answer(settings, serving.url);
      assert.equal(answer, null);
    });

    it("tell what runs, and that its registry is there", async () => {
      await environment.make();
      assert.equal(await operations.registryExists(settings), true);
      await operations.requireOwnRegistry(settings);
      assert.deepEqual(await operations.strangers(settings), []);
      const { processes, pods } = await observed();
      const all = [...processes, ...pods];
      assert.notEqual(all.length, 0);
      assert.deepEqual(
        all.filter(({ healthy }) => !healthy),
        [],
      );
    });

    it("show each log that they list, and refuse one that isn't there", async () => {
      await environment.make();
      const { logs, lines } = await operations.logs(settings);
      assert.notEqual(logs.length, 0);
      assert.equal(lines.length, logs.length);
      for (const log of logs as { name: string }[]) {
        const end = await operations.logEnd(settings, log.name, 2);
        assert.equal((end.source as { name: string }).name, log.name);
        assert.ok(end.lines.length <= 2);
      }
      assert.equal(await codeOf(operations.logEnd(settings, "no-such-log", 2)), "no-log");
    });

    it("give other programs an address of the registry that is one", async () => {
      await environment.make();
      const uri = await operations.withReachableRegistry(settings, (reachable) =>
        Promise.resolve(reachable.trackingServer.uri),
      );
      assert.equal((await fetch(`${uri}/health`)).status, 200);
    });

    it("stop what runs and keep the rest, or say why that can't be", async () => {
      await environment.make();
      const ran = (await observed()).processes.map(({ name }) => name);
      const stopped = await operations.stop(settings).catch((error: unknown) => error);
      const { processes, pods } = await observed();
      if (stopped instanceof OperationError) {
        assert.notEqual(pods.length, 0, "a refusal ends nothing");
      } else {
        assert.deepEqual(stopped, ran);
        assert.deepEqual([...new Set(processes.map(({ status }) => status))], ["stopped"]);
        assert.deepEqual(await operations.stop(settings), ran, "twice is as good as once");
      }
    });

    it("keep data until it is to be deleted", async () => {
      await environment.make();
      const quiet = () => ({ end: () => undefined });
      await operations.keptData(settings, false, quiet);
      assert.equal(await operations.registryExists(settings), true);
      assert.equal(operations.lostRegistryData(settings), null);
      assert.notEqual(operations.dataPlace(settings), "");
    });

    it("refuse a backup where one can't be, with nothing left of it", async () => {
      const taken = __filename;
      assert.equal(await codeOf(operations.claimBackup(settings, taken)), "usage");
      assert.equal(existsSync(`${taken}.part`), false);
    });

    it("know an environment that nobody touched since an `up`", async () => {
      await environment.make();
      await operations.recordUntouched(settings);
      assert.equal(await operations.isUntouched(settings), true);
      assert.deepEqual(await operations.undoByHand(settings), []);
      await operations.forgetUntouched(settings);
      assert.equal(await operations.removeAbandoned(settings, {}), null);
    });

    it("need nothing that isn't there", async () => {
      const parts = await operations.diagnose(settings, "tollgate doctor --fix");
      const wrong = parts.filter(({ status }) => status !== "ok" && status !== "unknown");
      assert.deepEqual(wrong, []);
    });

    it("fetch receipts, none before a release", async () => {
      await operations.fetchReceipts(settings);
      assert.equal(existsSync(`${settings.stateDir}/receipts.jsonl`), false);
    });

    it("render the same files each time, where there are any", async () => {
      if (!operations.render) return;
      const [one, other] = [await operations.render(settings), await operations.render(settings)];
      assert.notEqual(one.resources.length, 0);
      assert.deepEqual([...(await one.files())], [...(await other.files())]);
    });
  });
}
