import type { z } from "zod";
import type { RefusalCode } from "./codes";
import type { EvidenceProblem } from "../registry/candidate";
import type { Evidence } from "../registry/evidence";
import type { Trust } from "../trust/types";

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

/** What a stack served before: from its receipts, never from a movable alias. */
export interface StackHistory {
  /**
   * What the stack serves, or served last before it was destroyed; null for nothing. `unknown` only where a document is
   * judged without its stack.
   */
  readonly deployed: PinnedVersion | null | "unknown";
  /**
   * When exactly this pin was released here, ISO 8601, UTC; null when it never was, or was gone back from since. What was
   * released may come back (a rollback, or an update that changes something else): its approvals and waivers are judged
   * as of then.
   */
  readonly releasedAt: string | null;
  /**
   * When the stack went back from exactly this pin, to one released before it; null when it didn't, or released it again
   * since. Only what people sign after that time speaks for releasing it again.
   */
  readonly goneBackFromAt: string | null;
  /** Latest time of any receipt: a clock that says less was set back. */
  readonly latestReceiptAt: string | null;
  /** Digest of the gates that the last receipt was given under; null without one. */
  readonly packDigest: string | null;
  /** Had somebody who might train signed its training, when this pin was released here? @default false */
  readonly releasedProven?: boolean;
}

/** A time in which another stack served a version, from that stack's receipts. */
export interface Service {
  readonly digest: string;
  readonly gitCommit: string | null;
  readonly dataVersion: string | null;
  /** Had whoever trained it signed commit and data, or are they what unsigned tags said? @default false */
  readonly proven?: boolean;
  /** ISO 8601, UTC. */
  readonly from: string;
  /** Null: it still serves. */
  readonly to: string | null;
  /** Was it released with every mandatory gate passed, none waived, by reviewed settings, and not gone back from? */
  readonly green: boolean;
}

/** A gate that the stack's file puts below its tier's level. */
export interface LoweredGate {
  readonly gate: string;
  readonly level: GateLevel;
  /** Level by the stack's tier. */
  readonly from: GateLevel;
  /** E-mail of whoever committed that, as the commit says it; null when it isn't reviewed. */
  readonly by: string | null;
}

/** A field in which the settings that judge differ from the reviewed ones. */
export interface SettingDifference {
  /** Such as `tollgate:gates.approvals.required`, or `signers ana@example.com sha256:…`. */
  readonly field: string;
  /** As JSON; null: it isn't there. */
  readonly value: string | null;
  readonly reviewed: string | null;
  /** E-mail of whoever committed the value elsewhere, as the commit says it; null when nobody has. */
  readonly by: string | null;
}

/** The settings that judge beside those of the branch that the stack names. */
export interface Review {
  /** Digest of the effective settings (`effectiveDigest`). */
  readonly digest: string;
  /** The branch that decides, as a full ref such as `refs/remotes/origin/main`; null: none is named. */
  readonly ref: string | null;
  /** The commit of that branch that was compared with; null: there is none. */
  readonly commit: string | null;
  /** Why nothing could be compared, with what to do about it, as a clause; null when it could. */
  readonly problem: string | null;
  readonly differences: readonly SettingDifference[];
  /** Level that settings-reviewed has at least: by the reviewed settings, else by the last release. */
  readonly level: GateLevel;
}

/** What of an answer is measured, and which class metrics are about: changed, and what was measured is something else. */
export interface EvaluationTerms {
  /** Name of the class; null: the rarer of two. */
  readonly positive: string | null;
  /** As evidence has it; null: the one value that the model answers. */
  readonly answer: Evidence["answer"] | null;
}

/** Everything the gates see. Plain values, all known at preview. */
export interface Candidate {
  readonly stack: string;
  readonly pin: PinnedVersion;
  readonly evidence: Evidence | null;
  /** Set exactly when `evidence` is null. */
  readonly problem: EvidenceProblem | null;
  /** sha256 of the evidence document's bytes; null exactly when `evidence` is. */
  readonly evidenceDigest: string | null;
  /** The DSSE envelope beside the evidence document, as stored; null when there is none. */
  readonly evidenceSignature: string | null;
  /** What `tollgate train` signed about how the version was made, a DSSE envelope as stored; null when nobody did. */
  readonly provenance: string | null;
  /** The `tollgate.digest` tag on the version in the registry, when the registry answered. */
  readonly registryDigest: string | null;
  /** Set only where a document is judged without its registry: what only the registry knows isn't looked at. */
  readonly offline?: true;
  /** Set only where a past release is judged again: it may rest on lines that were signed before they named evidence. */
  readonly replayed?: true;
  /** Digest of the evaluation data that the stack's settings pin or name now; null when it isn't at hand. */
  readonly evaluationDigest: string | null;
  /** What the settings in force say of how answers are measured; null where nobody knows. */
  readonly terms: EvaluationTerms | null;
  /** DSSE envelopes, as the lines of `approvals/<stack>.jsonl`, of this version and digest. */
  readonly approvals: readonly string[];
  /** DSSE envelopes, as the lines of `waivers/<stack>.jsonl`, of this version and digest. */
  readonly waivers: readonly string[];
  readonly trust: Trust;
  /** Digest of what an approval approves: stack, pin, and every gate's level and settings (`planDigest`). */
  readonly plan: string;
  readonly history: StackHistory;
  /** What the stack named by the soak gate's settings served; null when it has no history here. */
  readonly soaked: readonly Service[] | null;
  readonly pack: {
    /** Digest of the gates that judge now. */
    readonly digest: string;
    /** `tollgate:pack` of the stack's file; null when unset. */
    readonly pinned: string | null;
  };
  /** By gate name, in the order of the list. */
  readonly lowered: readonly LoweredGate[];
  /** Null where nobody compared the settings, which settings-reviewed refuses. */
  readonly review: Review | null;
  /** When it is judged, ISO 8601, UTC: `history.releasedAt` of a pin released before, else now. */
  readonly judgedAt: string;
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

export type GateLevel = "mandatory" | "advisory" | "disabled";

/** Which column of defaults an environment has. */
export type Tier = "dev" | "staging" | "prod";

/** By tier, the level of a gate that the stack's file gives none. */
export type LevelColumn = Readonly<Record<Tier, Exclude<GateLevel, "disabled">>>;

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

/** One gate as configured for a stack: what the pin carries to the pack and the provider. */
export interface GateConfiguration {
  readonly level: GateLevel;
  readonly settings: unknown;
  /** The tier's level, where the stack's file says a weaker one: receipts record who wrote that. */
  readonly lowered?: GateLevel;
}

/** By gate name. */
export type GateConfigurations = Readonly<Record<string, GateConfiguration>>;

/** Keeps a gate's types while checking its shape. */
export function defineGate<S extends z.ZodType>(gate: Gate<S>): Gate<S> {
  return gate;
}
