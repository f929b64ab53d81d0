import type { ClusterAddress } from "../cluster/address";
import type { GateConfigurations, PinnedVersion } from "../policies/gate";

/**
 * One environment's settings with every default filled in. Frozen; made only by `load.ts`.
 * No secret is ever in here: registry credentials are named by environment variable.
 */
export interface Settings {
  /** Pulumi stack name. */
  readonly stack: string;
  /** Folder with `Pulumi.yaml`, absolute. */
  readonly projectDir: string;
  /** Folder for this stack's processes, logs, data and receipts: `<projectDir>/.tollgate/<stack>`. */
  readonly stateDir: string;
  readonly tier: string;
  readonly model: string;
  /** Null until a first version is pinned: `up` then brings up the registry alone. */
  readonly pin: PinnedVersion | null;
  /** Digest of the gates this stack was reviewed under; null when none is pinned. */
  readonly pack: string | null;
  /** Absolute path of the allowed-signers file: who may sign evidence, approvals and waivers here. */
  readonly signers: string;
  /** Absolute path of the file with revoked keys. */
  readonly revokedKeys: string;
  readonly runtime: "local" | "kubernetes";
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
    /** How many of the last rows callers sent are kept for the drift gate; 0 keeps none. */
    readonly captureRows: number;
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
    readonly label: string;
    readonly task: "classification" | "regression";
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
  /** Null for every other runtime. */
  readonly kubernetes: KubernetesSettings | null;
}

/** The cluster that a stack's own registry is reached through; null when its address does. */
export function throughCluster({
  trackingServer: { managed },
  kubernetes,
}: Pick<Settings, "trackingServer" | "kubernetes">): ClusterAddress | null {
  return managed && kubernetes ? kubernetes.cluster : null;
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
