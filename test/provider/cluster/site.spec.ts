import assert from "node:assert/strict";
import { nowhere } from "../../../provider/release/cluster/selectors";
import { annotations, type ClusterJournal } from "../../../provider/release/cluster/service";
import { siteIn } from "../../../provider/release/cluster/site";
import { digestOf } from "../../support/fixtures";
import { MemoryCluster } from "../../support/memory-cluster";

const path = "/api/v1/namespaces/shop/services/scorer";
const released = { [annotations.version]: "2", [annotations.digest]: digestOf("2") };

/** What a site says is served by a Service with this selector and these annotations; null: there is no Service. */
async function servedBy(
  service: { selector: Record<string, string>; annotations: Record<string, string> } | null,
) {
  const cluster = new MemoryCluster();
  if (service) {
    const { selector, annotations: written } = service;
    const metadata = { name: "scorer", annotations: written };
    cluster.put(path, { metadata, spec: { selector } });
  }
  return siteIn(cluster).served();
}

function journalOf(previous: ClusterJournal["previous"]): Record<string, string> {
  const journal: ClusterJournal = {
    schema: "tollgate.cluster-release/1",
    startedAt: "2026-01-02T03:04:05.000Z",
    version: "2",
    digest: digestOf("2"),
    rollout: null,
    previous,
    mark: null,
  };
  return { [annotations.journal]: JSON.stringify(journal) };
}

describe("what callers of a cluster get", () => {
  const selector = { generation: "2" };

  it("is the version that the Service leads to", async () => {
    assert.deepEqual(await servedBy({ selector, annotations: released }), {
      version: "2",
      digest: digestOf("2"),
    });
  });

  it("is nothing without a Service, as after destroy, with a closed one, and before a first release", async () => {
    assert.equal(await servedBy(null), null);
    assert.equal(await servedBy({ selector: { ...nowhere }, annotations: released }), null);
    assert.equal(await servedBy({ selector, annotations: {} }), null);
  });

  it("is what was served before a release that was cut off", async () => {
    const before = { selector: { generation: "1" }, version: "1", digest: digestOf("1"), stable: null }; // prettier-ignore
    assert.deepEqual(
      await servedBy({ selector, annotations: { ...released, ...journalOf(before) } }),
      { version: "1", digest: digestOf("1") },
    );
    const first = { selector: null, version: null, digest: null, stable: null };
    assert.equal(
      await servedBy({ selector, annotations: { ...released, ...journalOf(first) } }),
      null,
    );
  });
});
