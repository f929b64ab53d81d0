import type { ClusterAddress } from "../cluster/address";
import type { GateConfigurations, PinnedVersion, Tier } from "../policies/gate";
import type { CredentialSource } from "../registry/credentials";

/** Settings that an environment of each runtime has. */
interface CommonSettings {
  /** Pulumi stack name. */
  readonly stack: string;
  /** Folder with `Pulumi.yaml`, absolute. */
  readonly projectDir: string;
  /** Folder for this stack's processes, logs, data and receipts: `<projectDir>/.tollgate/<stack>`. */
  readonly stateDir: string;
  readonly tier: Tier;
  readonly model: string;
  /** Null until a first version is pinned: `up` then brings up the registry alone. */
  readonly pin: PinnedVersion | null;
  /** Digest of the gates this stack was reviewed under; null when none is pinned. */
  readonly pack: string | null;
  /** Branch whose commits count as reviewed; null: no settings have to be. */
  readonly reviewed: string | null;
  /** Absolute path of the allowed-signers file: who may sign evidence, approvals and waivers here. */
  readonly signers: string;
  /** Absolute path of the file with revoked keys. */
  readonly revokedKeys: string;
  /** Is the stack's name wanted before its data is deleted? */
  readonly protect: boolean;
  /** With its suffix, such as `churn-model_staging`. */
  readonly experiment: string;
  readonly stage: "None" | "Staging" | "Production";
  readonly alias: string;
  readonly trackingServer: {
    /** Base address of the registry, without a trailing slash. In a cluster: as its pods reach it. */
    readonly uri: string;
    /** Does this stack run the server, or is it kept elsewhere? */
    readonly managed: boolean;
    readonly host: string;
    readonly port: number;
    /** Absolute path. */
    readonly caFile: string | null;
    readonly tokenVariable: string;
    readonly timeoutSeconds: number;
    /** Where clients find what this stack's own server wants of them; null: it wants nothing, or is kept elsewhere. */
    readonly credentials: CredentialSource | null;
  };
  readonly database: {
    readonly kind: "sqlite" | "postgres";
    /** Secret with the address of a database that is kept elsewhere; null: this stack runs its own. */
    readonly secret: string | null;
    /** Size of its volume, as Kubernetes writes it. */
    readonly size: string;
  };
  readonly artifactStore: {
    readonly kind: "folder" | "s3";
    readonly bucket: string;
    /** Secret with the keys of a store that is kept elsewhere; null: this stack runs its own. */
    readonly secret: string | null;
    /** Address of that store; null: AWS. */
    readonly endpoint: string | null;
    readonly size: string;
  };
  readonly scorer: {
    readonly host: string;
    readonly port: number;
    readonly replicas: number;
    readonly logLevel: "DEBUG" | "INFO" | "WARNING" | "ERROR";
    readonly startTimeoutSeconds: number;
    /** Longest that an answer may take: of the router, of a scorer that ends, and of its process or pod. */
    readonly answerSeconds: number;
    /** How many of the last rows callers sent are kept for the drift gate; 0 keeps none. */
    readonly captureRows: number;
    /** What is around a scorer's model: none starts without it, it goes on without, or there is to be none. */
    readonly sandbox: "required" | "preferred" | "off";
    /** Most private memory of one scorer on runtime local, in MiB. */
    readonly memoryMiB: number;
  };
  readonly train: {
    readonly command: readonly string[];
    /** Relative to the project folder, as written. */
    readonly data: string;
    readonly dataVersion: string | null;
    readonly parameters: Readonly<Record<string, string>>;
    readonly timeoutSeconds: number;
  } | null;
  readonly evaluation: {
    readonly data: string;
    /** The column to predict, or the columns of a regression of several numbers. */
    readonly label: string | readonly string[];
    readonly task: "classification" | "regression";
    /** Name of the class that metrics are about; null: the rarer of two. */
    readonly positive: string | null;
    /** What of an answer is measured; null: the one value that it is. */
    readonly answer: AnswerSettings | null;
    /** Digest the data must have; null: that of the file at hand. */
    readonly digest: string | null;
    /** More rows than these are sampled. */
    readonly maxRows: number;
  } | null;
  /** Absolute path of the locked requirements of training and scoring. */
  readonly requirements: string;
  readonly gates: GateConfigurations;
  readonly release: {
    readonly watchSeconds: number;
    readonly warmSeconds: number;
    /** Share of requests that may fail while watched, 0 to 1. */
    readonly maxErrorRate: number;
    readonly maxP95Ms: number;
  };
}

/** Settings of an environment on this machine. */
export interface LocalSettings extends CommonSettings {
  readonly runtime: "local";
  readonly kubernetes: null;
}

/** Settings of an environment that runs in a cluster. */
export interface ClusterSettings extends CommonSettings {
  readonly runtime: "kubernetes";
  readonly kubernetes: KubernetesSettings;
}

/**
 * One environment's settings with every default filled in. Frozen; made only by `load.ts`.
 * No secret is ever in here: registry credentials are named by environment variable.
 */
export type Settings = LocalSettings | ClusterSettings;

/** What of a model's answer to a row is measured, and how a class follows from numbers. */
export interface AnswerSettings {
  /** Its name, or its place counted from 0. */
  readonly column?: string | number | undefined;
  readonly threshold?: number | undefined;
  readonly argmax?: true | readonly string[] | undefined;
}

/**
 * May rows of several requests go into one call of the model? A setting of the gate that measures whether its answers
 * depend on other rows, so that what is measured and what is served can't differ.
 */
export function servesInBatches({ gates }: Pick<Settings, "gates">): boolean {
  const settings = gates["smoke"]?.settings as { batching?: boolean } | undefined;
  return settings?.batching !== false;
}

/** Where a stack's traffic is moved and its release is written down. */
export interface ReleasePlace {
  /** The stack's state folder, absolute. */
  readonly stateDir: string;
  /** Null: on this machine. */
  readonly cluster: ClusterAddress | null;
}

/** Where releases of a stack are made and told of. */
export function releasePlace({
  stateDir,
  kubernetes,
}: Pick<Settings, "stateDir" | "kubernetes">): ReleasePlace {
  return { stateDir, cluster: kubernetes?.cluster ?? null };
}

/**
 * Settings apart from those of one runtime alone, and these as one machine compares them with another's: without the
 * image that holds a version's bytes, and without how a cluster is reached from here.
 */
export function runtimeApart({ kubernetes, ...common }: Settings) {
  if (!kubernetes) return [common, { kubernetes: null }] as const;
  const { modelImage, cluster, ...others } = kubernetes;
  return [
    common,
    { kubernetes: { ...others, cluster: { namespace: cluster.namespace } } },
  ] as const;
}

/** The cluster that a stack's own registry is reached through; null when its address does. */
export function throughCluster({
  trackingServer: { managed },
  kubernetes,
}: Pick<Settings, "trackingServer" | "kubernetes">): ClusterAddress | null {
  return managed && kubernetes ? kubernetes.cluster : null;
}

/** How the provider reaches a stack's registry. No secret is among it, only the variable or the file that holds one. */
export function registryAddress(settings: Pick<Settings, "trackingServer" | "kubernetes">) {
  const { uri, caFile, tokenVariable, timeoutSeconds, credentials } = settings.trackingServer;
  const cluster = throughCluster(settings);
  return { uri, caFile, tokenVariable, timeoutSeconds, credentials, cluster };
}

/** What one container asks for, as Kubernetes writes quantities. */
export interface Resources {
  readonly cpu: string;
  readonly memory: string;
}

/** Where and how an environment runs in a Kubernetes cluster. */
export interface KubernetesSettings {
  readonly cluster: ClusterAddress;
  /** Does this stack make its namespace? */
  readonly createNamespace: boolean;
  /** All by digest. Null where the stack runs no such server. */
  readonly images: {
    readonly tollgate: string;
    readonly postgres: string | null;
    readonly seaweedfs: string | null;
  };
  readonly imagePullSecrets: readonly string[];
  readonly rollout: "deployment" | "blueGreen" | "canary";
  /** Shares of the scorers, in percent, rising. */
  readonly canarySteps: readonly number[];
  readonly modelFrom: "registry" | "image" | "kserve";
  readonly modelImage: string | null;
  readonly service: {
    readonly type: "ClusterIP" | "NodePort" | "LoadBalancer";
    readonly nodePort: number | null;
  };
  readonly ingress: {
    readonly host: string;
    readonly className: string | null;
    readonly tlsSecret: string | null;
  } | null;
  readonly gateway: {
    readonly host: string;
    readonly name: string;
    readonly namespace: string | null;
  } | null;
  /** How `resources` are put into containers: not at all, as requests, or as requests and limits alike. */
  readonly resourceLevel: "none" | "requests" | "limits";
  readonly resources: {
    readonly scorer: Resources;
    readonly trackingServer: Resources;
    readonly database: Resources;
    readonly artifactStore: Resources;
  };
  readonly autoscale: {
    readonly maxReplicas: number;
    /** Null when requests are what counts. */
    readonly cpuPercent: number | null;
    readonly requestsPerSecond: number | null;
  } | null;
  readonly monitoring: "annotations" | "operator";
  readonly prometheus: string | null;
  readonly storageClass: string | null;
  readonly priorityClass: string | null;
}
