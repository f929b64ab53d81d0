import { names } from "../../runtimes/kubernetes/names";
import type { ClusterProject } from "../../test/support/cluster-project";

/** Name of the Deployment beside ours, and the label of its pods. */
const name = "plain";

interface Deployment {
  readonly spec: Readonly<Record<string, unknown>> & {
    readonly template: { readonly metadata: object; readonly spec: PodSpec };
  };
}

interface PodSpec {
  readonly containers: readonly Container[];
  readonly initContainers?: readonly Container[];
}

interface Container {
  readonly name: string;
  readonly image: string;
}

/**
 * A Deployment as one would write it without Tollgate, with exactly the pods of the one that serves: the same image,
 * download, probes and pauses. Its images get other names for the same digest, which is all that `kubectl set image`
 * needs to make new pods, and all machines have them already.
 */
export class PlainDeployment {
  #containers: readonly Container[] = [];

  constructor(
    private readonly project: ClusterProject,
    private readonly stack: string,
    private readonly apply: (manifest: string) => Promise<unknown>,
  ) {}

  /** Makes it and waits until it is ready. */
  async create(): Promise<void> {
    const label = `app.kubernetes.io/name=${names.scorer}`;
    const ours = ["get", "deployments", "--selector", label, "--output", "json"];
    const listed = await this.project.kubectl(this.stack, ...ours);
    const { spec } = (JSON.parse(listed) as { items: Deployment[] }).items[0]!;
    const { spec: pods } = spec.template;
    this.#containers = [...pods.containers, ...(pods.initContainers ?? [])];
    const labels = { "app.kubernetes.io/name": name };
    await this.apply(
      JSON.stringify({
        apiVersion: "apps/v1",
        kind: "Deployment",
        metadata: { name, namespace: this.project.namespaces[this.stack], labels },
        spec: {
          ...spec,
          selector: { matchLabels: labels },
          template: { metadata: { labels }, spec: { ...pods, topologySpreadConstraints: [] } },
        },
      }),
    );
    await this.rolledOut();
  }

  /** `kubectl set image` and `kubectl rollout status`. */
  async setImage(): Promise<void> {
    const images = this.#containers.map(({ name, image }) => `${name}=${renamed(image)}`);
    await this.#kubectl("set", "image", `deployment/${name}`, ...images);
    await this.rolledOut();
  }

  /** `kubectl rollout undo` and `kubectl rollout status`. */
  async undo(): Promise<void> {
    await this.#kubectl("rollout", "undo", `deployment/${name}`);
    await this.rolledOut();
  }

  private async rolledOut(): Promise<void> {
    await this.#kubectl("rollout", "status", `deployment/${name}`, "--timeout", "300s");
  }

  #kubectl(...args: string[]): Promise<string> {
    return this.project.kubectl(this.stack, ...args);
  }
}

/** The same image under another name: a digest decides, whatever tag is written before it. */
function renamed(image: string): string {
  return image.replace("@", ":next@");
}
