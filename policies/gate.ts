import type { z } from "zod";
import type { EvidenceProblem } from "../registry/candidate";
import type { Evidence } from "../registry/evidence";

export type { EvidenceProblem };

/** The model version a pin names: the only thing a gate may judge. */
export interface PinnedVersion {
  /** Registered model name in this environment's registry. */
  readonly name: string;
  /** Version number as MLflow writes it, a decimal string. */
  readonly version: string;
  /** Digest of the version's bytes, `sha256:` and 64 hex digits. */
  readonly digest: string;
}

/** One recorded approval. It counts only for exactly this stack, version and digest. */
export interface Approval {
  readonly approver: string;
  readonly stack: string;
  readonly model: string;
  readonly version: string;
  readonly digest: string;
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly comment?: string;
}

/**
 * A recorded decision to release although a gate refused, bound to one version and digest.
 * It is a line in `Pulumi.<stack>.yaml`, so it is reviewed and previewed like any other change.
 */
export interface Override {
  readonly version: string;
  readonly digest: string;
  readonly reason: string;
  readonly by: string;
  /** ISO 8601, UTC. */
  readonly at: string;
}

/** Everything the gates see. Plain values, all known at preview. */
export interface Candidate {
  readonly stack: string;
  readonly pin: PinnedVersion;
  readonly evidence: Evidence | null;
  /** Set exactly when `evidence` is null. */
  readonly problem: EvidenceProblem | null;
  /** The `tollgate.digest` tag on the version in the registry, when the registry answered. */
  readonly registryDigest: string | null;
  readonly approvals: readonly Approval[];
  readonly override: Override | null;
}

/** What a gate found, before its level is applied. */
export interface Finding {
  readonly passed: boolean;
  /** What of the gate this is about, such as the metric's name; null when the gate judges one thing. */
  readonly subject: string | null;
  /** Stable machine-readable outcome, kebab-case: `ok`, `below-floor`, `missing`, `not-finite`, … */
  readonly code: string;
  readonly value: number | string | null;
  readonly threshold: number | string | null;
  /** How far inside (positive) or outside (negative) the threshold the value lies; null where it isn't a number. */
  readonly margin: number | null;
  /** One sentence that names the model version, what was observed and what is required. */
  readonly reason: string;
}

export type GateLevel = "mandatory" | "advisory" | "disabled";

/** A finding with the gate's name and level: what previews, receipts and `--json` carry. */
export interface Verdict extends Finding {
  readonly gate: string;
  readonly level: Exclude<GateLevel, "disabled">;
  /** `overridden`: refused, but released under a recorded override. */
  readonly status: "passed" | "refused" | "overridden";
  /** What to do about a refusal. */
  readonly remedy: string;
}

/** A quality gate: a pure function from a candidate and its settings to a finding. */
export interface Gate<S extends z.ZodType = z.ZodType> {
  /** kebab-case, equal to the file name. */
  readonly name: string;
  /** One sentence. */
  readonly description: string;
  readonly severity: "low" | "medium" | "high" | "critical";
  /** What to do about a refusal. */
  readonly remedy: string;
  /** May a recorded override release past a refusal of this gate? Never for bytes. */
  readonly overridable: boolean;
  /** Its settings under `tollgate:gates` → `<name>`; every field has a default or the tier gives one. */
  readonly settings: S;
  /** One finding for each thing judged; never none. */
  check(candidate: Candidate, settings: z.output<S>): readonly Finding[];
}

/** One gate as configured for a stack: what the pin carries to the pack and the provider. */
export interface GateConfiguration {
  readonly level: GateLevel;
  readonly settings: unknown;
}

/** By gate name. */
export type GateConfigurations = Readonly<Record<string, GateConfiguration>>;

/** Keeps a gate's types while checking its shape. */
export function defineGate<S extends z.ZodType>(gate: Gate<S>): Gate<S> {
  return gate;
}
