import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import {
  forgetUntouched,
  isUntouched,
  recordUntouched,
} from "../../../../runtimes/kubernetes/operate/untouched";
import type { ClusterSettings } from "../../../../config/settings";
import { type StandIn, startApiServer } from "../../../support/api-server";
import { clusterSettings } from "../../../support/fixtures";

const namespace = "churn-model-staging";
const deployments = `GET /apis/apps/v1/namespaces/${namespace}/deployments`;
const configMaps = `GET /api/v1/namespaces/${namespace}/configmaps`;

interface Deployment {
  metadata: Record<string, unknown> & { name: string };
  spec: { replicas: number };
  status: Record<string, unknown>;
}

describe("isUntouched", () => {
  let api: StandIn;
  let stateDir: string;
  let settings: ClusterSettings;
  let deployment: Deployment;
  let listed: Deployment[];

  beforeEach(async () => {
    api = await startApiServer();
    stateDir = mkdtempSync(path.join(tmpdir(), "tollgate-untouched-"));
    const { kubernetes } = clusterSettings();
    const access = { ...kubernetes, cluster: api.address(namespace) };
    settings = clusterSettings({ stateDir }, access);
    deployment = {
      metadata: { name: "tracking-server", uid: "1", resourceVersion: "7", labels: { a: "b" } },
      spec: { replicas: 1 },
      status: { replicas: 1, readyReplicas: 1, observedGeneration: 3 },
    };
    listed = [deployment];
    api.answers[deployments] = () => ({ body: { items: listed } });
    api.answers[configMaps] = { body: { items: [{ metadata: { name: "scripts" }, data: {} }] } };
    await recordUntouched(settings);
  });
  afterEach(async () => {
    await api.close();
    rmSync(stateDir, { recursive: true });
  });

  it("is true while nothing but the cluster's own bookkeeping has moved", async () => {
    deployment.metadata["resourceVersion"] = "8";
    deployment.metadata["managedFields"] = [{ manager: "kube-controller-manager" }];
    deployment.status["observedGeneration"] = 4;
    assert.equal(await isUntouched(settings), true);
  });

  const changes: [string, () => void][] = [
    ["an object's settings changed", () => (deployment.spec.replicas = 2)],
    ["a label changed", () => (deployment.metadata["labels"] = {})],
    ["an object was made anew", () => (deployment.metadata["uid"] = "2")],
    ["an object is being deleted", () => (deployment.metadata["deletionTimestamp"] = "now")],
    ["an object is gone", () => (listed = [])],
    [
      "another was added",
      () => (listed = [deployment, { ...deployment, metadata: { name: "x" } }]),
    ],
    ["fewer pods are ready", () => (deployment.status["readyReplicas"] = 0)],
    ["data changed", () => (api.answers[configMaps] = { body: { items: [] } })],
    ["a right to look is missing", () => (api.answers[configMaps] = { status: 403, body: {} })],
    ["a change was begun and not ended", () => forgetUntouched(stateDir)],
  ];
  for (const [what, change] of changes) {
    it(`is false when ${what}`, async () => {
      change();
      assert.equal(await isUntouched(settings), false);
    });
  }

  it("is false for a machine from which no `up` came", async () => {
    const elsewhere = path.join(stateDir, "elsewhere");
    assert.equal(await isUntouched({ ...settings, stateDir: elsewhere }), false);
  });

  it("is false when the cluster doesn't answer", async () => {
    await api.close();
    assert.equal(await isUntouched(settings), false);
    api = await startApiServer();
  });

  it("looks at no Secret", async () => {
    await isUntouched(settings);
    assert.ok(!api.seen.some(({ path }) => path.includes("secrets")));
  });
});
