// The contract of a runtime in a cluster: an environment that the real engine makes, looked at from a machine that has
// none of its files, as a colleague's.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { operationsOf } from "../../runtimes";
import { names } from "../../runtimes/kubernetes/names";
import { keepsTheContract, type TestEnvironment } from "../runtimes/contract";
import { testCluster } from "../support/cluster";
import { clusterProject } from "../support/cluster-project";
import { projectEnvironment } from "../support/project-environment";

const stack = "dev";

async function inTheCluster(): Promise<TestEnvironment> {
  const cluster = testCluster();
  const released = await clusterProject(cluster, [stack]);
  const { kubectl, project } = released;
  const namespace = released.namespaces[stack]!;
  const environment = projectEnvironment(project, stack);
  const stateDir = mkdtempSync(path.join(tmpdir(), "tollgate-colleague-"));
  return {
    ...environment,
    settings: async () => ({ ...(await environment.settings()), stateDir }),
    async destroy() {
      await environment.destroy();
      // The engine doesn't wait for pods that end.
      await kubectl(stack, "wait", "--for=delete", "pods", "--all", "--timeout=60s");
    },
    async changeByHand() {
      const ofScorers = `app.kubernetes.io/name=${names.scorer}`;
      const added = ["--containers=scorer", "BY_HAND=1"];
      await kubectl(stack, "set", "env", "deployment", "--selector", ofScorers, ...added);
    },
    async leaveBehind() {
      const labels = { "app.kubernetes.io/managed-by": "tollgate" };
      const metadata = { name: "left-behind", namespace, labels };
      const inputs = { apiVersion: "v1", kind: "ConfigMap", metadata };
      await cluster.kubectl(["create", "--filename", "-"], JSON.stringify(inputs));
      return inputs;
    },
    async dispose() {
      await released.dispose();
      rmSync(stateDir, { recursive: true, force: true });
    },
  };
}

keepsTheContract("kubernetes", operationsOf({ runtime: "kubernetes" }), inTheCluster);
