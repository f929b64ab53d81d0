import { connectCluster } from "../../cluster/connect";
import type { TestCluster } from "./cluster";
import { askRegistry } from "./cluster-registry";
import { TestProject } from "./project";

type Config = Record<string, unknown>;

/** What a stack of a test asks of the one small node that the pods of some specs share. */
const smallResources = {
  scorer: { cpu: "25m", memory: "400Mi" },
  trackingServer: { cpu: "50m", memory: "900Mi" },
  database: { cpu: "25m", memory: "192Mi" },
  artifactStore: { cpu: "25m", memory: "256Mi" },
};

/** A project whose stacks run in the test cluster. */
export interface ClusterProject {
  readonly project: TestProject;
  /** Namespace of each stack. */
  readonly namespaces: Readonly<Record<string, string>>;
  /** Where the node answers for a stack's model. */
  url(stack: string): string;
  /** kubectl in a stack's namespace. */
  kubectl(stack: string, ...args: string[]): Promise<string>;
  /** The version that the alias of a stack's name is on, as its registry says it. */
  alias(stack: string): Promise<string>;
  /** What the cluster says about a stack, for whoever reads a failed spec. */
  diagnosis(stack: string): Promise<string>;
  /** Removes the folder, and has the namespaces removed with all that is in them. */
  dispose(): Promise<void>;
}

/**
 * A copy of the churn example with its stacks in namespaces of their own, on free NodePorts.
 *
 * @param change edits the `config` of each stack file before the first commit
 * @param root checkout of Tollgate that runs the project and has the example; default: this one
 */
export async function clusterProject(
  cluster: TestCluster,
  stacks: readonly string[],
  change: (config: Config, stack: string) => void = () => {},
  root?: string,
): Promise<ClusterProject> {
  const namespaces: Record<string, string> = {};
  const nodePorts: Record<string, number> = {};
  for (const stack of stacks) {
    namespaces[stack] = cluster.namespace();
    do nodePorts[stack] = await cluster.nodePort();
    while (stacks.some((other) => other !== stack && nodePorts[other] === nodePorts[stack]));
  }
  const { tollgate, postgres, seaweedfs } = cluster.images;
  const settings = (config: Config, stack: string) => {
    config["tollgate:runtime"] = "kubernetes";
    config["tollgate:kubernetes"] = {
      kubeconfig: cluster.kubeconfig,
      namespace: namespaces[stack],
      images: { tollgate, postgres, seaweedfs },
      service: { type: "NodePort", nodePort: nodePorts[stack] },
      resources: smallResources,
    };
    config["tollgate:exposed"] = ["model-serving-service-scorer"];
    // No port, as nothing listens on this machine. The registry's first answers come late while others' pods start beside it.
    config["tollgate:trackingServer"] = { timeoutSeconds: 60 };
    config["tollgate:scorer"] = { startTimeoutSeconds: 180 };
    config["tollgate:train"] = {
      ...(config["tollgate:train"] as Config),
      parameters: { model: "gradient-boosting" },
    };
    change(config, stack);
  };
  const project = await TestProject.create("churn", stacks, settings, root);
  const kubectl = (stack: string, ...args: string[]) =>
    cluster.kubectl(["--namespace", namespaces[stack]!, ...args]);
  return {
    project,
    namespaces,
    url: (stack) => `http://127.0.0.1:${nodePorts[stack]}`,
    kubectl,
    async alias(stack) {
      const { kubeconfig } = cluster;
      const namespace = namespaces[stack]!;
      const connected = await connectCluster({ kubeconfig, context: null, namespace });
      const { model_version } = await askRegistry<{ model_version: { version: string } }>(
        connected,
        `registered-models/alias?name=churn-model&alias=${stack}`,
      );
      return model_version.version;
    },
    async diagnosis(stack) {
      const questions = [
        ["get", "all,endpointslices,persistentvolumeclaims", "--output", "wide"],
        ["get", "events", "--sort-by", ".lastTimestamp"],
        ["logs", "--selector", "app.kubernetes.io/name=scorer", "--tail", "20", "--prefix"],
      ];
      const answers = questions.map((question) =>
        kubectl(stack, ...question).catch((error: Error) => error.message),
      );
      return (await Promise.all(answers)).join("\n");
    },
    async dispose() {
      const names = Object.values(namespaces);
      // `destroy` is what story.spec.ts looks at: here nobody waits for objects, and for pods not the time they are given.
      const gone = ["delete", "namespace", "--ignore-not-found", "--wait=false", ...names];
      await cluster.kubectl(gone);
      const pods = ["delete", "pods", "--all", "--grace-period=1", "--wait=false"];
      for (const name of names) await cluster.kubectl(["--namespace", name, ...pods]);
      project.remove();
    },
  };
}
