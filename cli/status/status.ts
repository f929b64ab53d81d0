import type { PinnedVersion } from "../../policies/gate";
import type {
  ClusterStatus,
  PodStatus,
  ProcessStatus,
  RegistryStatus,
  ServingStatus,
} from "../../runtimes/observed";

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
  /** People whose approval of the pinned version counts for the gate approvals, each once. */
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
