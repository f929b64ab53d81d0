import type { z } from "zod";
import type { Evidence } from "../registry/evidence";
import type { AdmissionInputs } from "./admission-inputs";
import type { RefusalCode } from "./codes";
import type { GateLevel, LevelColumn, Tier } from "./levels";

export type { EvidenceProblem } from "../registry/evidence-problem";
export type {
  GateConfiguration,
  GateConfigurations,
  LoweredGate,
  PinnedVersion,
  Review,
  Service,
  SettingDifference,
  StackHistory,
} from "./admission-inputs";
export type { GateLevel, Tier } from "./levels";

/** What of an answer is measured, and which class metrics are about: changed, and what was measured is something else. */
export interface EvaluationTerms {
  /** Name of the class; null: the rarer of two. */
  readonly positive: string | null;
  /** As evidence has it; null: the one value that the model answers. */
  readonly answer: Evidence["answer"] | null;
}

/** Everything the gates see: what an admission carries, with what is read from it. Plain values, all known at preview. */
export interface Candidate extends Omit<
  AdmissionInputs,
  "evidence" | "settings" | "stateDir" | "cluster" | "gates"
> {
  readonly evidence: Evidence | null;
  /** sha256 of the evidence document's bytes; null exactly when `evidence` is. */
  readonly evidenceDigest: string | null;
  /** Set only where a document is judged without its registry: what only the registry knows isn't looked at. */
  readonly offline?: true;
  /** Set only where a past release is judged again: it may rest on lines that were signed before they named evidence. */
  readonly replayed?: true;
  /** What the settings in force say of how answers are measured; null where nobody knows. */
  readonly terms: EvaluationTerms | null;
  /** Digest of what an approval approves: stack, pin, and every gate's level and settings (`planDigest`). */
  readonly plan: string;
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
  /** What to do about exactly this refusal. @default the gate's own remedy */
  readonly remedy?: string | undefined;
}

/** A finding with the gate's name and level: what previews, receipts and `--json` carry. */
export interface Verdict extends Finding {
  readonly gate: string;
  readonly level: Exclude<GateLevel, "disabled">;
  /** `waived`: refused, but released under a signed waiver. */
  readonly status: "passed" | "refused" | "waived";
  /** The waiver that released it: who answers for it, why, until when. Null without one. */
  readonly waiver: {
    readonly owner: string;
    readonly reason: string;
    readonly expires: string;
  } | null;
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
  /** What it measures or compares, and where its thresholds come from: `tollgate explain <gate>` prints it. */
  readonly source: string;
  /** May a signed waiver release past a refusal of this gate? Never for bytes, approvals and provenance. */
  readonly waivable: boolean;
  /** One of the columns of `levels.ts`. */
  readonly levels: LevelColumn;
  /**
   * What it does where the stack's file has no entry for it. `on`: it judges by its settings' own defaults. `off`: nothing,
   * as it has nothing to judge by. By tier: the settings it judges by; null: nothing.
   */
  readonly byDefault: "on" | "off" | Readonly<Record<Tier, z.input<S> | null>>;
  /** Codes that it refuses with besides `no-evidence`, most telling first. */
  readonly codes: readonly RefusalCode[];
  /** It judges by whom and what a version is judged now, and says nothing of one that was released before. */
  readonly notReplayed?: true;
  /** It judges the moment and not the version, so that a waiver names no value of it. */
  readonly judgesMoment?: true;
  /** Its settings under `tollgate:gates` → `<name>`; every field has a default or the tier gives one. */
  readonly settings: S;
  /** Level below which no setting puts it, from what settings can't change. @default none */
  leastLevel?(candidate: Candidate): GateLevel;
  /** One finding for each thing judged; never none. */
  check(candidate: Candidate, settings: z.output<S>): readonly Finding[];
}

/** Keeps a gate's types while checking its shape. */
export function defineGate<S extends z.ZodType>(gate: Gate<S>): Gate<S> {
  return gate;
}
