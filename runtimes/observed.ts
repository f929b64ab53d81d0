/** One kept process of this machine. */
export interface ProcessStatus {
  name: string;
  /** `running`, `stopped`, or what is wrong. */
  status: string;
  healthy: boolean;
  pid: number | null;
  /** Seconds since the process was started; null when it doesn't run. */
  uptime: number | null;
  address: string | null;
  /** What its keeper did by itself since the last `up` started it; null when nothing ended. No drift. */
  restarted: { count: number; lastExit: string; at: string } | null;
}

/** One pod of a cluster. */
export interface PodStatus {
  name: string;
  /** `Running`, or what is wrong, with the reason. */
  status: string;
  /** Does it do what it is for? A pod that is ending or has done its job does. */
  healthy: boolean;
  ready: boolean;
  restarts: number;
  /** Seconds since it was made. */
  age: number | null;
  /** Of the model, for scorers. */
  version: string | null;
}

/** The cluster that a stack runs in. */
export interface ClusterStatus {
  /** Address of the API server; null when not even that is known. */
  server: string | null;
  namespace: string;
  /** Why it can't be asked. */
  problem: string | null;
}

/** What the callers get. */
export interface ServingStatus {
  url: string;
  answer: { model: string; version: string; digest: string; stage: string } | null;
  /** Why there is no answer. */
  problem: string | null;
}

/** What the registry says of a stack. */
export interface RegistryStatus {
  uri: string;
  alias: { name: string; version: string | null };
  /** Legacy stage of the pinned version. */
  stage: string | null;
  /** Digest of the pinned version's evidence, by its tag. */
  evidence: string | null;
  /** Why the registry can't be asked. */
  problem: string | null;
}

/** What a caller was answered by, or why not. */
export type Answer = Pick<ServingStatus, "answer" | "problem">;

/** What a look at a stack from the outside finds: with everything down, that everything is down. */
export interface Observed {
  readonly serving: ServingStatus;
  readonly registry: RegistryStatus;
  readonly processes: ProcessStatus[];
  readonly cluster: ClusterStatus | null;
  readonly pods: PodStatus[];
  /** A release is under way, or was cut off. */
  readonly interrupted: boolean;
  /** What is different about the place, the processes or the objects of a cluster, a sentence each. */
  readonly objects: string[];
}

/** What is said of a scorer that runs beside those that callers get. */
export const idleWords =
  "runs, but no callers are sent to it: an `up` is under way, or was interrupted";
