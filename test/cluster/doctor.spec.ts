import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { connectCluster } from "../../cluster/connect";
import { diagnoseCluster } from "../../runtimes/kubernetes/doctor";
import { rightsNeeded } from "../../runtimes/kubernetes/doctor/rights";
import { accessManifests } from "../../runtimes/kubernetes/manifests/access";
import type { ClusterSettings } from "../../config/settings";
import { testCluster, type TestCluster } from "../support/cluster";
import { clusterSettings } from "../support/fixtures";

describe("diagnoseCluster on a real cluster", function () {
  this.timeout(60_000);
  let cluster: TestCluster;
  let namespace: string;
  let folder: string;

  before(async () => {
    cluster = testCluster();
    namespace = cluster.namespace();
    folder = mkdtempSync(path.join(tmpdir(), "tollgate-doctor-"));
    const named = { apiVersion: "v1", metadata: { name: "releaser", namespace } };
    const [role] = accessManifests(settingsOf(cluster.kubeconfig));
    const objects = [
      { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
      { ...named, kind: "ServiceAccount" },
      role,
    ];
    for (const object of objects) {
      await cluster.kubectl(["create", "--filename", "-"], JSON.stringify(object));
    }
  });
  after(async () => {
    rmSync(folder, { recursive: true, force: true });
    await cluster.kubectl(["delete", "namespace", namespace, "--wait=false"]);
  });

  function settingsOf(kubeconfig: string, createNamespace = false): ClusterSettings {
    const address = { kubeconfig, context: null, namespace };
    return clusterSettings({}, { cluster: address, createNamespace });
  }

  /** A kubeconfig of somebody who has the rights of the ServiceAccount only. */
  async function releaser(): Promise<string> {
    const { kubectl } = cluster;
    const token = await kubectl(["--namespace", namespace, "create", "token", "releaser"]);
    const flat = ["config", "view", "--raw", "--flatten", "--minify", "--output", "json"];
    const config = JSON.parse(await kubectl(flat)) as { users: { user: object }[] };
    for (const each of config.users) each.user = { token: token.trim() };
    const file = path.join(folder, "kubeconfig");
    writeFileSync(file, JSON.stringify(config), { mode: 0o600 });
    return file;
  }

  async function rowsOf(kubeconfig: string, createNamespace = false) {
    const settings = settingsOf(kubeconfig, createNamespace);
    const parts = await diagnoseCluster(settings, {
      connect: () => connectCluster(settings.kubernetes.cluster),
      environment: { PULUMI_HOME: folder },
      fix: "doctor --fix",
    });
    return parts.slice(2).map(({ part, status, source }) => ({ part, status, source }));
  }

  it("finds everything for whoever may do everything", async () => {
    const rows = await rowsOf(cluster.kubeconfig, true);
    assert.deepEqual(
      rows.map(({ part, status }) => [part, status]),
      [
        ["API server", "ok"],
        ["namespace", "ok"],
        ["permissions", "ok"],
        ["storage class", "ok"],
      ],
    );
  });

  it("finds every right for whoever is bound to Role tollgate-releaser, and for nobody else", async () => {
    const kubeconfig = await releaser();
    const [, , before] = await rowsOf(kubeconfig);
    assert.equal(before?.status, "missing");
    assert.match(before?.source ?? "", /^may not .*get, create, patch, delete secrets/);
    await cluster.kubectl([
      ...["--namespace", namespace, "create", "rolebinding", "releaser"],
      ...["--role", "tollgate-releaser", "--serviceaccount", `${namespace}:releaser`],
    ]);
    const [, , after] = await rowsOf(kubeconfig);
    assert.deepEqual(after, {
      ...{ part: "permissions", status: "ok" },
      source: `all ${rightsNeeded(settingsOf(kubeconfig)).length} that \`up\` needs`,
    });
  });
});
