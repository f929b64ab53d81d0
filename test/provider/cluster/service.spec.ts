import assert from "node:assert/strict";
import {
  annotations,
  type ClusterJournal,
  journalIn,
  ScorerService,
  trafficOf,
} from "../../../provider/release/cluster/service";
import { digestOf } from "../../support/fixtures";
import { MemoryCluster } from "../../support/memory-cluster";

const path = "/api/v1/namespaces/shop/services/scorer";
const journal: ClusterJournal = {
  schema: "tollgate.cluster-release/1",
  startedAt: "2026-01-02T03:04:05.000Z",
  version: "2",
  digest: digestOf("2"),
  rollout: null,
  previous: { selector: null, version: null, digest: null, stable: null },
  mark: null,
};

describe("ScorerService", () => {
  let cluster: MemoryCluster;
  let service: ScorerService;
  beforeEach(() => {
    cluster = new MemoryCluster();
    cluster.put(path, {
      metadata: { name: "scorer" },
      spec: { selector: { old: "1", both: "1" } },
    });
    service = new ScorerService(cluster, "scorer");
  });

  it("replaces the whole selector and the annotations in one request", async () => {
    const seen = await service.get();
    const after = await service.change(seen, {
      selector: { both: "2", new: "2" },
      annotations: { [annotations.version]: "2" },
    });
    assert.deepEqual(after.spec.selector, { both: "2", new: "2" });
    assert.deepEqual(trafficOf(after), {
      selector: { both: "2", new: "2" },
      version: "2",
      digest: null,
    });
    assert.equal(cluster.changes.length, 1);
  });

  it("leads nowhere instead of without a selector, which would leave callers where they are", async () => {
    const after = await service.change(await service.get(), { selector: null });
    assert.deepEqual(after.spec.selector, { "tollgate.dev/generation": "none" });
    assert.equal(trafficOf(after).selector, null);
    assert.equal(trafficOf({ ...after, spec: {} }).selector, null);
  });

  it("refuses to change what somebody else has changed meanwhile", async () => {
    const seen = await service.get();
    await service.change(seen, { annotations: { [annotations.version]: "9" } });
    await assert.rejects(service.change(seen, { selector: { a: "1" } }), { code: "conflict" });
  });

  /** As Argo's controller does, between our reading and our writing. */
  function changedByOthers(times: number): void {
    const change = service.change.bind(service);
    service.change = async (seen, by) => {
      if (times-- > 0) await change(seen, { selector: { hash: `others-${times}` } });
      return change(seen, by);
    };
  }

  it("revises what others have just changed by what it is then", async () => {
    await service.writeJournal(() => journal);
    changedByOthers(2);
    const seen: unknown[] = [];
    const after = await service.revise(({ spec }) => {
      seen.push(spec.selector);
      return { annotations: { [annotations.version]: "2" } };
    });
    const left = { hash: "others-0" };
    assert.deepEqual(seen, [{ old: "1", both: "1" }, { hash: "others-1" }, left]);
    assert.deepEqual(trafficOf(after), { selector: left, version: "2", digest: null });
    changedByOthers(1);
    await service.clearJournal();
    assert.equal(await service.journal(), null);
  });

  it("gives up revising what others never leave alone", async () => {
    changedByOthers(100);
    const change = service.revise(() => ({ annotations: { [annotations.version]: "2" } }));
    await assert.rejects(change, { code: "conflict" });
    const { hash } = (await service.get()).spec.selector!;
    assert.equal(hash, "others-95");
  });

  it("keeps a journal, and the first record of what the registry said", async () => {
    await service.writeJournal(() => journal);
    const mark = {
      registry: { uri: "", caFile: null, tokenVariable: "T", timeoutSeconds: 5, cluster: null },
      model: "churn",
      alias: "staging",
      aliasVersion: "1",
      stages: {},
    };
    await service.recordMark(mark);
    await service.recordMark({ ...mark, aliasVersion: "2" });
    assert.deepEqual(await service.journal(), { ...journal, mark });
    await service.clearJournal();
    assert.equal(await service.journal(), null);
  });

  it("remembers when Argo aborted a release until the next one is over", async () => {
    const aborted = async () => (await service.get()).metadata.annotations?.[annotations.aborted];
    await service.writeJournal(() => journal);
    await service.clearJournal("2026-01-01T00:00:00Z");
    assert.equal(await service.journal(), null);
    assert.equal(await aborted(), "2026-01-01T00:00:00Z");
    await service.writeJournal(() => journal);
    await service.clearJournal();
    assert.equal(await aborted(), undefined);
  });

  it("has no journal without a Service", async () => {
    assert.equal(await new ScorerService(cluster, "other").journal(), null);
  });
});

describe("journalIn", () => {
  const written = (text: string) => ({
    metadata: { name: "scorer", annotations: { [annotations.journal]: text } },
    spec: {},
  });

  it("reads one that a release of before left, which called it as the journal of a machine", () => {
    const former = { ...journal, schema: "tollgate.release/1" };
    assert.deepEqual(journalIn(written(JSON.stringify(former))), journal);
  });

  it("refuses one of another schema", () => {
    const other = { ...journal, schema: "tollgate.release/2" };
    assert.throws(() => journalIn(written(JSON.stringify(other))), /can't be read/);
  });

  it("refuses one that can't be read, and says what to do", () => {
    assert.throws(() => journalIn(written("{")), /remove the annotation and run `up` again/);
  });
});
