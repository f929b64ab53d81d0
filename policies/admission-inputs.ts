import type { ClusterAddress } from "../cluster/address";
import type { Trust } from "../trust/types";
import type {
  Candidate,
  EvidenceProblem,
  GateConfigurations,
  LoweredGate,
  PinnedVersion,
  Review,
  Service,
  StackHistory,
} from "./gate";

/**
 * The pin, admitted by the gates. What is signed travels as text, byte for byte. The provider's check fills in `history`,
 * `judgedAt`, `review`, `lowered` and the digest of the gates itself, so that no program can make them up.
 */
export interface AdmissionInputs {
  stack: string;
  /** The stack's state folder, with its receipts. */
  stateDir: string;
  /** Cluster that callers are served in; null or missing: this machine. */
  cluster?: ClusterAddress | null;
  pin: PinnedVersion;
  /** The evidence document, as stored. */
  evidence: string | null;
  problem: EvidenceProblem | null;
  evidenceSignature: string | null;
  /** Absent in what was recorded before training was signed. */
  provenance?: string | null;
  registryDigest: string | null;
  evaluationDigest: string | null;
  approvals: string[];
  waivers: string[];
  trust: Trust;
  soaked: Service[] | null;
  pack: Candidate["pack"];
  /** The settings in force, as they are compared with the reviewed ones: a document as canonical JSON. */
  settings: string;
  /** Of no meaning from a program: the provider compares itself. */
  lowered: LoweredGate[];
  review: Review | null;
  gates: GateConfigurations;
  history: StackHistory;
  judgedAt: string;
}
