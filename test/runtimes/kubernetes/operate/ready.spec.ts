import assert from "node:assert/strict";
import { operationsOf } from "../../../../runtimes";
import { startApiServer } from "../../../support/api-server";
import { clusterSettings } from "../../../support/fixtures";

const namespace = "churn-model-staging";
const core = `/api/v1/namespaces/${namespace}`;
const { requireReady } = operationsOf({ runtime: "kubernetes" });

describe("requireReady of a stack in a cluster", () => {
  it("passes for a cluster that answers, whatever the caller may do there", async () => {
    const api = await startApiServer();
    const settings = clusterSettings({}, { cluster: api.address(namespace) });
    await requireReady(settings);
    api.answers[`GET ${core}`] = { status: 403, body: { message: "no" } };
    await requireReady(settings);
    await api.close();
  });

  it("refuses a kind that the cluster doesn't know, before anything is made", async () => {
    const api = await startApiServer();
    api.answers[`GET ${core}`] = { body: {} };
    const settings = clusterSettings(
      {},
      { cluster: api.address(namespace), monitoring: "operator" },
    );
    await assert.rejects(requireReady(settings), {
      message: `The cluster at ${api.url} lacks Prometheus operator: monitoring.coreos.com/v1 isn't there (tollgate:kubernetes.monitoring is operator); install the Prometheus operator, or set tollgate:kubernetes.monitoring to annotations.`,
    });
    await api.close();
  });
});
