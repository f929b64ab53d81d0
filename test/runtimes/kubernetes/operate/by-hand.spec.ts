import assert from "node:assert/strict";
import { addedVariables, removeAdded } from "../../../../runtimes/kubernetes/operate/by-hand";
import { expectedWorkloads } from "../../../../runtimes/kubernetes/operate/status";
import type { Workload } from "../../../../runtimes/kubernetes/operate/workloads";
import type { ClusterSettings } from "../../../../config/settings";
import { type StandIn, startApiServer } from "../../../support/api-server";
import { clusterSettings } from "../../../support/fixtures";

const namespace = "churn-model-staging";
const byHand = { name: "BY_HAND", value: "s3cret" };

/** The same with a variable more in its containers. */
function withVariable(workload: Workload, initial = false): Workload {
  const copy = structuredClone(workload);
  const { containers, initContainers = [] } = copy.spec.template!.spec!;
  for (const container of initial ? initContainers : containers) {
    Object.assign(container, { env: [...(container.env ?? []), byHand] });
  }
  return copy;
}

describe("removeAdded", () => {
  let api: StandIn;
  let settings: ClusterSettings;
  let wanted: Workload;
  let at: string;

  beforeEach(async () => {
    api = await startApiServer();
    const { kubernetes } = clusterSettings();
    settings = clusterSettings({}, { ...kubernetes, cluster: api.address(namespace) });
    [wanted] = (await expectedWorkloads(settings)) as [Workload];
    at = `/apis/apps/v1/namespaces/${namespace}/deployments/${wanted.metadata.name}`;
    api.answers[`PATCH ${at}`] = { body: {} };
  });
  afterEach(() => api.close());

  const patches = () => api.seen.filter(({ method }) => method === "PATCH");

  it("takes a variable away that nobody declared, and says which, never its value", async () => {
    api.answers[`GET ${at}`] = { body: withVariable(wanted) };
    const { name } = wanted.metadata;
    assert.deepEqual(await removeAdded(settings), [
      `Taking BY_HAND away from container scorer of Deployment ${name}: set by hand.`,
    ]);
    assert.deepEqual(JSON.parse(patches()[0]!.body), {
      spec: {
        template: {
          spec: { containers: [{ name: "scorer", env: [{ name: "BY_HAND", $patch: "delete" }] }] },
        },
      },
    });
  });

  it("takes it away from a container that runs before as well", async () => {
    api.answers[`GET ${at}`] = { body: withVariable(wanted, true) };
    await removeAdded(settings);
    const { spec } = JSON.parse(patches()[0]!.body).spec.template;
    assert.deepEqual(Object.keys(spec), ["initContainers"]);
  });

  it("changes nothing of a Deployment that is as declared, or isn't there", async () => {
    api.answers[`GET ${at}`] = { body: wanted };
    assert.deepEqual(await removeAdded(settings), []);
    delete api.answers[`GET ${at}`];
    assert.deepEqual(await removeAdded(settings), []);
    assert.deepEqual(patches(), []);
  });

  it("leaves a container alone that somebody put beside ours", () => {
    const live = structuredClone(wanted);
    const sidecar = { name: "mesh", env: [byHand] };
    Object.assign(live.spec.template!.spec!, {
      containers: [...live.spec.template!.spec!.containers, sidecar],
    });
    assert.deepEqual(addedVariables(live, wanted), []);
  });

  it("leaves a variable to the engine whose value was changed", () => {
    const before = withVariable(wanted);
    const live = structuredClone(before);
    for (const { env } of live.spec.template!.spec!.containers) {
      Object.assign(env!.at(-1)!, { value: "other" });
    }
    assert.deepEqual(addedVariables(live, before), []);
  });
});
