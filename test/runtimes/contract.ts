import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { registryClient } from "../../config/registry";
import type { Settings } from "../../config/settings";
import { readReceipts } from "../../history/receipts";
import { OperationError } from "../../runtimes/errors";
import type { Observed, RegistryStatus } from "../../runtimes/observed";
import type { Operations } from "../../runtimes/operations";

/** A real environment of one kind, of which nothing was made yet. */
export interface TestEnvironment {
  /** Its settings as they are now: with a pin once something was released. */
  settings(): Promise<Settings>;
  /** Makes its registry, puts a version there and releases it: callers get it, and a receipt tells of it. */
  release(): Promise<void>;
  /** Takes away what `destroy` takes away, everything but the data, and waits until it is gone. */
  destroy(): Promise<void>;
  /** Takes away all that is left. */
  dispose(): Promise<void>;
  /** Changes something that the engine would leave as it is; null for a kind that has no such thing. */
  readonly changeByHand: (() => Promise<void>) | null;
  /** Makes what an interrupted run leaves behind, and gives its recorded inputs; null where nothing can be left. */
  readonly leaveBehind: (() => Promise<Record<string, unknown>>) | null;
}

/** What a registry says that isn't asked. */
const registry: RegistryStatus = {
  uri: "http://127.0.0.1:5001",
  alias: { name: "staging", version: null },
  stage: null,
  evidence: null,
  problem: "nobody was asked",
};

const noProgress = () => ({ end: () => undefined });

/**
 * What every kind of runtime keeps to, whatever it runs on: one environment from before it is made until its data is
 * deleted, in order. Written against the interface alone, so a new kind gives an environment and adds nothing here.
 *
 * @param operations those under test; which kind the settings name decides nothing
 */
export function keepsTheContract(
  name: string,
  operations: Operations,
  begin: () => Promise<TestEnvironment>,
) {
  describe(`the operations of runtime ${name}`, function () {
    this.timeout(240_000);
    let environment: TestEnvironment;
    let settings: Settings;
    let scratch: string;

    before(async () => {
      scratch = mkdtempSync(path.join(tmpdir(), "tollgate-contract-"));
      environment = await begin();
      settings = await environment.settings();
    });
    after(async () => {
      await environment.dispose();
      rmSync(scratch, { recursive: true, force: true });
    });

    const observed = () => operations.observe(settings, () => Promise.resolve(registry));
    const serversIn = ({ processes, pods }: Observed) => [...processes, ...pods];
    /** The code of a refusal, which has to be a sentence. */
    const refusal = async (promise: Promise<unknown>): Promise<string> => {
      const error = await promise.then(
        () => assert.fail("expected a refusal"),
        (reason: unknown) => reason,
      );
      assert.ok(error instanceof OperationError, String(error));
      assert.match(error.message, /\.$/, "a refusal is a sentence");
      return error.code;
    };
    /** Version and digest that callers get; null when nothing answers. */
    const servedBy = (answer: Observed["serving"]["answer"]) =>
      answer && { version: answer.version, digest: answer.digest };
    const pinned = () => ({ version: settings.pin!.version, digest: settings.pin!.digest });

    describe("before anything is made", () => {
      it("find all that an environment of the kind needs", async () => {
        await operations.requireReady(settings);
        await operations.requireOneMove(settings);
        const parts = await operations.diagnose(settings, "tollgate doctor --fix");
        const wrong = parts.filter(({ status }) => status !== "ok" && status !== "unknown");
        assert.deepEqual(wrong, []);
      });

      it("look at what isn't there without throwing", async () => {
        assert.equal(await operations.registryExists(settings), false);
        const found = await observed();
        const { serving, cluster, interrupted } = found;
        assert.deepEqual(serversIn(found), []);
        assert.equal(serving.answer, null);
        assert.ok(serving.problem);
        assert.equal(cluster?.problem ?? null, null);
        assert.equal(interrupted, false);
        const { answer, problem } = await operations.answer(settings, serving.url);
        assert.equal(answer, null);
        assert.ok(problem);
        assert.equal((await operations.servingAfterFailure(settings))?.answer ?? null, null);
        assert.deepEqual((await operations.logs(settings)).logs, []);
      });

      it("have no receipts to fetch, and nothing to put right", async () => {
        await operations.fetchReceipts(settings);
        assert.deepEqual(readReceipts(settings.stateDir).receipts, []);
        assert.deepEqual(await operations.undoByHand(settings), []);
        assert.equal(await operations.removeAbandoned(settings, {}), null);
      });
    });

    describe("once a version is released", () => {
      before(async () => {
        await environment.release();
        settings = await environment.settings();
      });

      it("tell that its servers run, and that the registry is there and its own", async () => {
        assert.equal(await operations.registryExists(settings), true);
        await operations.requireOwnRegistry(settings);
        assert.deepEqual(await operations.strangers(settings), []);
        const found = await observed();
        assert.notEqual(serversIn(found).length, 0);
        assert.deepEqual(
          serversIn(found).filter(({ healthy }) => !healthy),
          [],
        );
        assert.deepEqual(found.objects, []);
        assert.equal(found.interrupted, false);
        assert.deepEqual(found.registry, registry);
      });

      it("give the version that callers get, whichever way they are asked", async () => {
        const { serving } = await observed();
        assert.deepEqual(servedBy(serving.answer), pinned());
        assert.equal(serving.problem, null);
        const { answer } = await operations.answer(settings, serving.url);
        assert.deepEqual(servedBy(answer), pinned());
        const after = await operations.servingAfterFailure(settings);
        if (operations.traits.answersHere) assert.ok(after);
        if (after) assert.deepEqual(servedBy(after.answer), pinned());
        if (!operations.isReachableHere(settings)) return;
        assert.equal((await fetch(`${serving.url}/health`)).status, 200);
      });

      it("lead other programs to the registry that has the version", async () => {
        const version = await operations.withReachableRegistry(settings, async (reachable) => {
          const { uri } = reachable.trackingServer;
          assert.equal((await fetch(`${uri}/health`)).status, 200);
          return registryClient(reachable).getModelVersion(settings.model, pinned().version);
        });
        assert.equal(version.version, pinned().version);
      });

      it("show the end of each log that they list, and refuse one that isn't there", async () => {
        const { logs, lines } = await operations.logs(settings);
        assert.notEqual(logs.length, 0);
        assert.equal(lines.length, logs.length);
        let shown = "";
        for (const log of logs as { name: string }[]) {
          const end = await operations.logEnd(settings, log.name, 1);
          assert.equal((end.source as { name: string }).name, log.name);
          assert.ok(end.lines.length <= 1);
          shown += end.lines.join("");
        }
        assert.notEqual(shown, "", "no server has said anything");
        assert.equal(await refusal(operations.logEnd(settings, "no-such-log", 1)), "no-log");
      });

      it("have the receipt of the release", async () => {
        await operations.fetchReceipts(settings);
        const [receipt, ...more] = readReceipts(settings.stateDir).receipts;
        assert.deepEqual(receipt?.pin, settings.pin);
        assert.deepEqual(more, []);
      });

      it("say where data and models lie", () => {
        assert.equal(operations.lostRegistryData(settings), null);
        assert.notEqual(operations.dataPlace(settings), "");
        const models = operations.modelFolder(settings, scratch);
        const within = [scratch, settings.stateDir].some((folder) => models.startsWith(folder));
        assert.ok(within, models);
      });

      const { render } = operations;
      if (render) {
        it("write the same files each time", async () => {
          const [one, other] = [await render(settings), await render(settings)];
          assert.notEqual(one.resources.length, 0);
          const files = await one.files();
          assert.notEqual(files.size, 0);
          assert.deepEqual([...files], [...(await other.files())]);
        });
      }

      it("remove what an interrupted run left behind, and no more than that", async () => {
        const inputs = await environment.leaveBehind?.();
        if (inputs) assert.ok(await operations.removeAbandoned(settings, inputs));
        assert.equal(await operations.removeAbandoned(settings, inputs ?? {}), null);
      });

      it("see whether somebody changed something since the last `up`, and put it right once", async () => {
        await operations.recordUntouched(settings);
        assert.equal(await operations.isUntouched(settings), true);
        assert.deepEqual(await operations.undoByHand(settings), []);
        if (environment.changeByHand) {
          await environment.changeByHand();
          assert.equal(await operations.isUntouched(settings), false);
          assert.notDeepEqual(await operations.undoByHand(settings), []);
          assert.deepEqual(await operations.undoByHand(settings), []);
        }
        await operations.forgetUntouched(settings);
      });

      it("stop the servers and keep the rest, or refuse and end nothing", async () => {
        const before = await observed();
        const stopped = await operations.stop(settings).catch((error: unknown) => error);
        const after = await observed();
        if (stopped instanceof OperationError) {
          assert.deepEqual(servedBy(after.serving.answer), pinned());
          return;
        }
        assert.deepEqual(stopped, names(before));
        assert.deepEqual(names(after), names(before));
        assert.deepEqual([...new Set(after.processes.map(({ status }) => status))], ["stopped"]);
        assert.equal(after.serving.answer, null);
        assert.equal((await operations.servingAfterFailure(settings))?.answer ?? null, null);
        assert.equal(await operations.registryExists(settings), true);
        assert.deepEqual(await operations.stop(settings), stopped, "twice is as good as once");
      });
    });

    describe("after it was destroyed", () => {
      before(() => environment.destroy());

      it("find no server and no registry, and the receipts as they were", async () => {
        assert.deepEqual(serversIn(await observed()), []);
        assert.equal(await operations.registryExists(settings), false);
        assert.equal(operations.lostRegistryData(settings), null);
        await operations.fetchReceipts(settings);
        assert.equal(readReceipts(settings.stateDir).receipts.length, 1);
      });

      it("copy the data, or refuse and leave nothing of a copy", async () => {
        const file = path.join(scratch, "backup.tgz");
        const taken = __filename;
        assert.equal(await refusal(operations.claimBackup(settings, taken)), "usage");
        assert.equal(existsSync(`${taken}.part`), false);
        if (!operations.traits.backsUp) {
          assert.equal(await refusal(operations.claimBackup(settings, file)), "usage");
        } else {
          (await operations.claimBackup(settings, file)).abandon();
          const backup = await operations.claimBackup(settings, file);
          assert.equal(backup.file, file);
          await backup.make([settings.stateDir]);
          assert.ok(statSync(file).size > 0);
          rmSync(file);
        }
        assert.equal(existsSync(`${file}.part`) || existsSync(file), false);
      });

      it("keep the data until it is to be deleted", async () => {
        const kept = await operations.keptData(settings, false, noProgress);
        assert.deepEqual(await operations.keptData(settings, false, noProgress), kept);
        const deleted = await operations.keptData(settings, true, noProgress);
        assert.equal(deleted === null, kept === null);
        if (!kept || !deleted) return;
        assert.notDeepEqual(kept.places, []);
        assert.notEqual(deleted.sentence, kept.sentence);
        const left = await operations.keptData(settings, false, noProgress);
        assert.deepEqual(left, { places: [], sentence: null });
      });
    });
  });
}

function names({ processes }: Observed): string[] {
  return processes.map(({ name }) => name);
}
