import assert from "node:assert/strict";
import { connectCluster } from "../../../../cluster/connect";
import {
  clusterData,
  deleteClusterData,
  fateOf,
} from "../../../../runtimes/kubernetes/operate/data";
import { startApiServer } from "../../../support/api-server";
import { clusterSettings } from "../../../support/fixtures";

const namespace = "churn-model-staging";
const core = `/api/v1/namespaces/${namespace}`;

describe("deleteClusterData", function () {
  this.timeout(20_000);
  const labels = {
    "app.kubernetes.io/managed-by": "tollgate",
    "app.kubernetes.io/part-of": "churn-model",
    "tollgate.dev/stack": "staging",
  };

  async function trial(namespaceLabels: object) {
    const api = await startApiServer();
    const items = (...names: string[]) => ({
      body: { items: names.map((name) => ({ metadata: { name } })) },
    });
    api.answers[`GET ${core}`] = {
      body: { metadata: { name: namespace, labels: namespaceLabels } },
    };
    api.answers[`GET ${core}/persistentvolumeclaims`] = items("data-database-0");
    api.answers[`GET ${core}/secrets`] = items("database");
    api.answers[`GET ${core}/configmaps`] = items("receipt-000001");
    api.answers[`DELETE ${core}`] = () => {
      delete api.answers[`GET ${core}`];
      return {};
    };
    const settings = clusterSettings({}, { cluster: api.address(namespace) });
    const cluster = await connectCluster(settings.kubernetes.cluster);
    const data = await clusterData(cluster, settings);
    await deleteClusterData(cluster, data);
    const deleted = api.seen.filter(({ method }) => method === "DELETE").map((each) => each.path);
    await api.close();
    return { data, deleted };
  }

  it("deletes the namespace that was made for this very stack", async () => {
    const { data, deleted } = await trial(labels);
    assert.deepEqual(deleted, [core]);
    assert.equal(fateOf(data, true), `Deleted namespace ${namespace} with all that was in it.`);
    assert.equal(
      fateOf(data, false),
      `Kept volumes data-database-0 and Secrets database and 1 receipt in namespace ${namespace}; --delete-data removes the namespace.`,
    );
  });

  for (const [whose, others] of [
    ["somebody else", {}],
    ["another stack", { ...labels, "tollgate.dev/stack": "prod" }],
    ["another tool", { ...labels, "app.kubernetes.io/managed-by": "Helm" }],
  ] as const) {
    it(`refuses to delete a namespace of ${whose}, and takes only what is the stack's`, async () => {
      const { data, deleted } = await trial(others);
      assert.deepEqual(deleted, [
        `${core}/persistentvolumeclaims/data-database-0`,
        `${core}/secrets/database`,
      ]);
      assert.equal(
        fateOf(data, true),
        `Deleted volumes data-database-0 and Secrets database in namespace ${namespace}, which isn't this stack's own and stays.`,
      );
    });
  }
});
