import type { PinnedVersion } from "../../policies/gate";

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

export interface ReleasedWaiver {
  gate: string;
  owner: string;
  reason: string;
  expires: string;
  /** Is its time over? The version goes on being served, and somebody should know. */
  over: boolean;
}

/** What was asked for when a stack's servers are gone on purpose. */
export type Ended = "stop" | "destroy";

/** Everything `status` knows about one stack. */
export interface Status {
  stack: string;
  tier: string;
  runtime: string;
  pin: PinnedVersion | null;
  lastReceipt: { pin: PinnedVersion; at: string; actor: string } | null;
  serving: ServingStatus;
  registry: RegistryStatus;
  /** Who approved exactly the pinned version on its evidence under the gates of now, signed and not expired. */
  approvals: string[];
  /** Gates that the pinned version was released past, and until when that was accepted. */
  waivers: ReleasedWaiver[];
  /** Of runtime local; empty in a cluster. */
  processes: ProcessStatus[];
  /** Null for runtime local. */
  cluster: ClusterStatus | null;
  /** Of runtime kubernetes; empty otherwise. */
  pods: PodStatus[];
  /** The command that ended its servers, which no `up` has started since; null while they are to run. */
  ended: Ended | null;
  /** One sentence for each difference between what is pinned and what is. */
  drift: string[];
}
