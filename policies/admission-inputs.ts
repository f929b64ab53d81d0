import { z } from "zod";
import type { ClusterAddress } from "../cluster/address";
import { digestSchema } from "../registry/evidence";
import { evidenceProblemCodes } from "../registry/evidence-problem";
import { levels } from "./levels";
import { parseInWords, pathText, type Problem } from "../strict/problems";
import type { Trust } from "../trust/types";

/**
 * What crosses the engine about a pin, said once: the types of a candidate's parts are made from this schema, and what a
 * program sends is read by it. The engine drops nulls on the way, so a part that can be null may be missing as well, and
 * is null then. What was recorded before a part was there is read the same way; its comment says what its absence means.
 */
const orNull = <S extends z.ZodType>(schema: S) => schema.nullable().default(null);

const text = z.string();

const level = z.enum(levels);

/** The model version a pin names: the only thing a gate may judge. */
const pin = z.strictObject({
  /** Registered model name in this environment's registry. */
  name: text.min(1),
  /** Version number as MLflow writes it, a decimal string. */
  version: text.regex(/^[1-9][0-9]*$/, 'expected the number of a version, such as "3"'),
  /** Digest of the version's bytes, `sha256:` and 64 hex digits. */
  digest: digestSchema,
});

/** What a stack served before: from its receipts, never from a movable alias. */
const history = z.strictObject({
  /**
   * What the stack serves, or served last before it was destroyed; null for nothing. `unknown` only where a document is
   * judged without its stack.
   */
  deployed: orNull(z.union([pin, z.literal("unknown")])),
  /**
   * When exactly this pin was released here, ISO 8601, UTC; null when it never was, or was gone back from since. What was
   * released may come back (a rollback, or an update that changes something else): its approvals and waivers are judged
   * as of then.
   */
  releasedAt: orNull(text),
  /**
   * When the stack went back from exactly this pin, to one released before it; null when it didn't, or released it again
   * since. Only what people sign after that time speaks for releasing it again.
   */
  goneBackFromAt: orNull(text),
  /** Latest time of any receipt: a clock that says less was set back. */
  latestReceiptAt: orNull(text),
  /** Digest of the gates that the last receipt was given under; null without one. */
  packDigest: orNull(text),
  /** Had somebody who might train signed its training, when this pin was released here? @default false */
  releasedProven: z.boolean().optional(),
});

/** A time in which another stack served a version, from that stack's receipts. */
const service = z.strictObject({
  digest: text,
  gitCommit: orNull(text),
  dataVersion: orNull(text),
  /** Had whoever trained it signed commit and data, or are they what unsigned tags said? @default false */
  proven: z.boolean().optional(),
  /** ISO 8601, UTC. */
  from: text,
  /** Null: it still serves. */
  to: orNull(text),
  /** Was it released with every mandatory gate passed, none waived, by reviewed settings, and not gone back from? */
  green: z.boolean(),
});

/** A gate that the stack's file puts below its tier's level. */
const loweredGate = z.strictObject({
  gate: text,
  level,
  /** Level by the stack's tier. */
  from: level,
  /** E-mail of whoever committed that, as the commit says it; null when it isn't reviewed. */
  by: orNull(text),
});

/** A field in which the settings that judge differ from the reviewed ones. */
const settingDifference = z.strictObject({
  /** Such as `tollgate:gates.approvals.required`, or `signers ana@example.com sha256:…`. */
  field: text,
  /** As JSON; null: it isn't there. */
  value: orNull(text),
  reviewed: orNull(text),
  /** E-mail of whoever committed the value elsewhere, as the commit says it; null when nobody has. */
  by: orNull(text),
});

/** The settings that judge beside those of the branch that the stack names. */
const review = z.strictObject({
  /** Digest of the effective settings (`effectiveDigest`). */
  digest: text,
  /** The branch that decides, as a full ref such as `refs/remotes/origin/main`; null: none is named. */
  ref: orNull(text),
  /** The commit of that branch that was compared with; null: there is none. */
  commit: orNull(text),
  /** Why nothing could be compared, with what to do about it, as a clause; null when it could. */
  problem: orNull(text),
  differences: z.array(settingDifference).default([]),
  /** Level that settings-reviewed has at least: by the reviewed settings, else by the last release. */
  level,
});

/** One gate as configured for a stack: what the pin carries to the pack and the provider. */
const gateConfiguration = z.strictObject({
  level,
  settings: z.unknown().optional(),
  /** The tier's level, where the stack's file says a weaker one: receipts record who wrote that. */
  lowered: level.optional(),
});

const cluster = z.strictObject({
  kubeconfig: orNull(text),
  context: orNull(text),
  namespace: text,
}) satisfies z.ZodType<ClusterAddress>;

const trust = z.strictObject({ signers: text, revoked: text }) satisfies z.ZodType<Trust>;

const parts = {
  stack: text.min(1),
  /** The stack's state folder, with its receipts. */
  stateDir: text.min(1),
  /** Cluster that callers are served in; null, and in what was recorded before there were any: this machine. */
  cluster: orNull(cluster),
  pin,
  /** The evidence document, as stored; null when there is none. */
  evidence: orNull(text),
  /** Set exactly when there is no evidence. */
  problem: orNull(z.strictObject({ code: z.enum(evidenceProblemCodes), reason: text })),
  /** The DSSE envelope beside the evidence document, as stored; null when there is none. */
  evidenceSignature: orNull(text),
  /** What `tollgate train` signed about how the version was made, a DSSE envelope as stored; null when nobody did. */
  provenance: orNull(text),
  /** The `tollgate.digest` tag on the version in the registry, when the registry answered. */
  registryDigest: orNull(text),
  /** Digest of the evaluation data that the stack's settings pin or name now; null when it isn't at hand. */
  evaluationDigest: orNull(text),
  /** DSSE envelopes, as the lines of `approvals/<stack>.jsonl`, of this version and digest. */
  approvals: z.array(text).default([]),
  /** DSSE envelopes, as the lines of `waivers/<stack>.jsonl`, of this version and digest. */
  waivers: z.array(text).default([]),
  trust,
  /** What the stack named by the soak gate's settings served; null when it has no history here. */
  soaked: orNull(z.array(service)),
  pack: z.strictObject({
    /** Digest of the gates that judge now. The provider fills it in itself. */
    digest: text,
    /** `tollgate:pack` of the stack's file; null when unset. */
    pinned: orNull(text),
  }),
  /** The settings in force, as they are compared with the reviewed ones: a document as canonical JSON. */
  settings: text.default(""),
  /** By gate name, in the order of the list. Of no meaning from a program: the provider compares itself. */
  lowered: z.array(loweredGate).default([]),
  /** Null where nobody compared the settings, which settings-reviewed refuses. The provider fills it in itself. */
  review: orNull(review),
  /** By gate name. */
  gates: z.record(z.string(), gateConfiguration),
  /** The provider fills it in itself, so that no program can make it up. */
  history,
  /** When it is judged, ISO 8601, UTC: `history.releasedAt` of a pin released before, else now. By the provider too. */
  judgedAt: text,
};

/** What was recorded may hold fields of another version of Tollgate's: they are left out. */
const recordedSchema = z.object(parts);
/** What a program sends may not: a field of another name is a mistake. */
const sentSchema = z.strictObject(parts);

type Frozen<T> = T extends (infer Item)[]
  ? readonly Frozen<Item>[]
  : T extends object
    ? { readonly [K in keyof T]: Frozen<T[K]> }
    : T;
type Read<S extends z.ZodType> = Frozen<z.output<S>>;

export type PinnedVersion = Read<typeof pin>;
export type StackHistory = Read<typeof history>;
export type Service = Read<typeof service>;
export type LoweredGate = Read<typeof loweredGate>;
export type SettingDifference = Read<typeof settingDifference>;
export type Review = Read<typeof review>;
export type GateConfiguration = Read<typeof gateConfiguration>;
export type GateConfigurations = Readonly<Record<string, GateConfiguration>>;

/** The pin with all that it is judged by. What is signed travels as text, byte for byte. */
export type AdmissionInputs = Read<typeof recordedSchema>;

/** The same as it comes out of the engine, or out of a recorded state: parts that are null may be missing. */
export type SentAdmission = Frozen<z.input<typeof recordedSchema>>;

/** What was sent is no admission: one sentence that says which field is wrong and what is allowed. */
export class AdmissionError extends Error {
  override readonly name = "AdmissionError";
}

/** What is wrong with an admission that a program sends, each field with what is allowed; null when nothing is. */
export function problemOfSent(value: unknown): string | null {
  return problemIn(parseInWords(sentSchema, value).problems);
}

/**
 * Reads an admission that the provider has checked, or that a state holds; fields of another version of Tollgate's are
 * left out.
 *
 * @throws AdmissionError for a field that is missing or wrong
 */
export function readAdmission(value: unknown): AdmissionInputs {
  const { data, problems } = parseInWords(recordedSchema, value);
  if (problems) throw new AdmissionError(problemIn(problems)!);
  return data;
}

function problemIn(problems: readonly Problem[] | null): string | null {
  if (!problems) return null;
  const lines = problems.map(({ path, text }) => [pathText(path), text].filter(Boolean).join(": "));
  return `The pin can't be judged by what the program says of it, correct ${lines.join("; ")}.`;
}
