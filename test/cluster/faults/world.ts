import { setTimeout as sleep } from "node:timers/promises";
import { request } from "undici";
import type { Cluster } from "../../../cluster/cluster";
import { annotations } from "../../../provider/release/cluster/service";
import { names } from "../../../runtimes/kubernetes/names";
import { askRegistry } from "../../support/cluster-registry";

interface Metadata {
  readonly name: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly deletionTimestamp?: string;
}

interface ContainerStatus {
  readonly state: { readonly running?: object; readonly terminated?: { exitCode: number } };
}

interface Item {
  readonly metadata: Metadata;
  readonly spec: {
    readonly selector?: Readonly<Record<string, string>>;
    readonly template?: { readonly metadata: Metadata };
  };
  readonly status?: {
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    readonly initContainerStatuses?: readonly ContainerStatus[];
    readonly containerStatuses?: readonly ContainerStatus[];
  };
}

const scorer = "app.kubernetes.io/name=scorer";
const versionLabel = "tollgate.dev/version";
const pauseMs = 250;

/** What can be seen of a stack, in its cluster and by its callers. */
export class World {
  private readonly core: string;
  private readonly apps: string;

  constructor(
    private readonly cluster: Cluster,
    private readonly url: string,
  ) {
    const { namespace } = cluster.address;
    this.core = `/api/v1/namespaces/${namespace}`;
    this.apps = `/apis/apps/v1/namespaces/${namespace}`;
  }

  /** The version that answers callers; null when nobody does. */
  async answering(): Promise<string | null> {
    try {
      // A connection that is kept would go on leading to the pod that it was made to.
      const { body } = await request(`${this.url}/health`, { reset: true, headersTimeout: 2000 });
      return ((await body.json()) as { version: string }).version;
    } catch {
      return null;
    }
  }

  /** Names of all Deployments. */
  deployments = async () => namesOf(await this.list(`${this.apps}/deployments`));

  scorerDeployments = async () => namesOf(await this.list(`${this.apps}/deployments`, scorer));

  scorerPods = async () => namesOf(await this.pods());

  /** Deployments of a version. */
  deploymentsOf = async (version: string) =>
    (await this.list(`${this.apps}/deployments`, scorer)).filter(
      ({ spec }) => spec.template?.metadata.labels?.[versionLabel] === version,
    );

  /** Pods of scorers, those that are being taken away left out; of a version, when one is given. */
  async pods(version?: string): Promise<Item[]> {
    const selector = version ? `${scorer},${versionLabel}=${version}` : scorer;
    const pods = await this.list(`${this.core}/pods`, selector);
    return pods.filter(({ metadata }) => !metadata.deletionTimestamp);
  }

  /** Scorers of a version that are being taken away. */
  async leaving(version: string): Promise<number> {
    const pods = await this.list(`${this.core}/pods`, `${scorer},${versionLabel}=${version}`);
    return pods.filter(({ metadata }) => metadata.deletionTimestamp).length;
  }

  async service(): Promise<Item> {
    return this.cluster.request<Item>("GET", `${this.core}/services/${names.scorer}`);
  }

  /** The version that the Service says it leads to. */
  async released(): Promise<string | undefined> {
    return (await this.service()).metadata.annotations?.[annotations.version];
  }

  async receipts(): Promise<number> {
    return (await this.list(`${this.core}/configmaps`, "tollgate.dev/receipt")).length;
  }

  /** Versions of the model that the registry has. */
  async versions(): Promise<string[]> {
    const query = `filter=${encodeURIComponent("name='churn-model'")}`;
    const { model_versions } = await askRegistry<{ model_versions: { version: string }[] }>(
      this.cluster,
      `model-versions/search?${query}`,
    );
    return model_versions.map(({ version }) => version).sort();
  }

  /** Annotation of a workload's pods that changes with the Secrets they use. */
  async secretsOf(kind: "deployments" | "statefulsets", name: string): Promise<string | undefined> {
    const { spec } = await this.cluster.request<Item>("GET", `${this.apps}/${kind}/${name}`);
    return spec.template?.metadata.annotations?.["tollgate.dev/secrets"];
  }

  /** What the downloads of the pods that aren't ready said, of the run before too. */
  async fetchLogs(): Promise<string> {
    const said = (await this.pods())
      .filter((pod) => !isReady(pod))
      .flatMap(({ metadata }) =>
        [false, true].map((previous) =>
          this.cluster.logs(metadata.name, "fetch", 20, previous).catch(() => ""),
        ),
      );
    return (await Promise.all(said)).join("\n");
  }

  async until(happened: () => Promise<boolean>): Promise<void> {
    while (!(await happened())) await sleep(pauseMs);
  }

  private async list(path: string, selector?: string): Promise<Item[]> {
    const query = selector ? `?labelSelector=${encodeURIComponent(selector)}` : "";
    return (await this.cluster.request<{ items: Item[] }>("GET", path + query)).items;
  }
}

export function isReady({ status }: Item): boolean {
  const ready = status?.conditions?.find(({ type }) => type === "Ready");
  return ready?.status === "True";
}

function namesOf(items: readonly Item[]): string[] {
  return items.map(({ metadata }) => metadata.name).sort();
}
