import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import type { Settings } from "../config/settings";
import type { Receipt } from "../history/receipt";
import type { AdmissionInputs, SentAdmission } from "../policies/admission-inputs";
import type { Trust } from "../trust/types";
import { canonicalJson } from "../strict/canonical";
import {
  effectiveDigest,
  effectiveSettings,
  type EffectiveSettings,
  gatesDocument,
  settingsDocument,
} from "./effective";
import type { GateConfigurations, LoweredGate, PinnedVersion } from "../policies/gate";
import { packDigest } from "../pack/digest";
import { lastReview } from "../history/review";
import type { Reviewed } from "./review-question";
import { reviewOf } from "./reviewed";

/** What is judged by a stack's settings, on the way to be compared. */
export interface SettingsInForce {
  readonly trust: Trust;
  readonly waivers: readonly string[];
  readonly pin: PinnedVersion;
}

/** Compares a stack's settings, as they were loaded, with the reviewed ones. */
export function reviewSettings(
  settings: Settings,
  { trust, waivers, pin }: SettingsInForce,
  receipts: readonly Receipt[],
): Promise<Reviewed> {
  const { projectDir, stack, gates } = settings;
  const effective = effectiveSettings({
    pack: packDigest(),
    project: projectText(projectDir),
    settings: settingsDocument(settings),
    trust,
    waivers,
  });
  const last = lastReview(receipts, null);
  return reviewOf({ projectDir, stack, pin, effective, lowered: loweredIn(gates), last });
}

/**
 * What of an admission the provider finds out itself, whatever the program says: the digest of the gates, and whether what
 * judges is what was reviewed. The gates, signers and waivers that are compared are those that judge; for the rest of the
 * settings the program's word is taken and compared.
 *
 * @param recorded the admission in the stack's checkpoint, null when there is none
 * @param receipts of the stack, oldest first
 */
export async function withReview(
  recorded: SentAdmission | null,
  inputs: SentAdmission,
  receipts: readonly Receipt[],
): Promise<
  SentAdmission & Pick<AdmissionInputs, "evaluationDigest" | "lowered" | "pack" | "review">
> {
  const { stack, stateDir, pin, trust, gates, waivers } = inputs;
  const pack = { digest: packDigest(), pinned: inputs.pack.pinned ?? null };
  const said = settingsIn(inputs.settings);
  const projectDir = path.dirname(path.dirname(stateDir));
  const effective = effectiveSettings({
    pack: pack.digest,
    project: projectText(projectDir),
    settings: {
      ...said,
      stack,
      model: pin.name,
      pack: pack.pinned,
      gates: gatesDocument(gates),
    },
    trust,
    waivers: waivers ?? [],
  });
  const lowered = loweredIn(gates);
  const { review, lowered: by } =
    stateDir === path.join(projectDir, ".tollgate", stack)
      ? await reviewOf({
          projectDir,
          stack,
          pin,
          effective,
          lowered,
          last: lastReview(receipts, recorded?.review),
        })
      : elsewhere(effective, stateDir, lowered);
  return {
    ...inputs,
    pack,
    evaluationDigest: dataDigestIn(said) ?? inputs.evaluationDigest ?? null,
    lowered: [...by],
    review,
  };
}

/** The settings of a stack as an admission carries them: text, because the engine would drop what is null. */
export function settingsText(settings: Settings): string {
  return canonicalJson(settingsDocument(settings));
}

/** Gates below their tier's level. */
export function loweredIn(gates: GateConfigurations): Omit<LoweredGate, "by">[] {
  return Object.entries(gates).flatMap(([gate, { level, lowered: from }]) =>
    from ? [{ gate, level, from }] : [],
  );
}

function elsewhere(
  effective: EffectiveSettings,
  stateDir: string,
  lowered: readonly Omit<LoweredGate, "by">[],
): Reviewed {
  const problem = `${stateDir} isn't the folder .tollgate/<stack> of a project, beside which its commits are; take the state folder of the settings`;
  const digest = effectiveDigest(effective);
  return {
    review: { digest, ref: null, commit: null, problem, differences: [], level: "mandatory" },
    lowered: lowered.map((each) => ({ ...each, by: null })),
  };
}

function projectText(projectDir: string): string | null {
  const file = path.join(projectDir, "Pulumi.yaml");
  return existsSync(file) ? readFileSync(file, "utf8") : null;
}

/** What a program says; anything else than a document says nothing, and differs in every field then. */
function settingsIn(text: unknown): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(String(text));
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** The digest that the settings want the evaluation data to have. */
function dataDigestIn({ evaluation }: Record<string, unknown>): string | null {
  const { digest } = (evaluation ?? {}) as { digest?: unknown };
  return typeof digest === "string" ? digest : null;
}
