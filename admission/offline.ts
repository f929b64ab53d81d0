import type { Settings } from "../config/settings";
import type { Candidate, EvidenceProblem, PinnedVersion, Verdict } from "../policies/gate";
import { blocked, judge } from "../policies/judge";
import { quoted } from "../registry/errors";
import { parseEvidence } from "../registry/evidence-document";
import { sha256 } from "../strict/canonical";
import { candidateFrom, evaluationDigestOf, reviewIn } from "./candidate";

/** An evidence document that lies in a file, not in a registry. */
export interface EvidenceFile {
  /** The file's bytes, or in a clause why there are none and what to do, such as `there is no file x; correct it`. */
  readonly document: Uint8Array | { readonly absent: string };
  /** The DSSE envelope beside it; null when there is none. */
  readonly signature: string | null;
  /** The provenance of the training, a DSSE envelope as well. @default null, none */
  readonly provenance?: string | null;
}

/** What the gates say without a registry. */
export interface OfflineJudgement {
  readonly candidate: Candidate;
  readonly verdicts: readonly Verdict[];
  /** Does a verdict stop the release? */
  readonly blocked: boolean;
  /** What couldn't be looked at, a sentence each. */
  readonly notLookedAt: readonly string[];
}

/**
 * Judges an evidence document by a stack's settings and by what lies in its project folder: signers, approvals, waivers
 * and receipts. Asks no registry and needs no secret. The version is the one that the document was measured on; when the
 * stack pins that version, the pin's digest is what its bytes must have.
 *
 * A document that can't be read is a refusal like any other.
 *
 * @throws SettingsError, AlteredReceiptsError when a file of the project folder can't be trusted
 */
export async function judgeEvidenceFile(
  settings: Settings,
  file: EvidenceFile,
): Promise<OfflineJudgement> {
  return judgeBeside(settings, file, await offlineFactsOf(settings, file));
}

/** What is found beside a document: the same for every document about one version, and for all that can't be read. */
export type OfflineFacts = Pick<Candidate, "evaluationDigest" | "lowered" | "review">;

/** Reads the evaluation data, and asks git for what is reviewed. */
export async function offlineFactsOf(
  settings: Settings,
  file: EvidenceFile,
): Promise<OfflineFacts> {
  const pin = pinOf(settings, readDocument(file).evidence?.model);
  const [evaluationDigest, reviewed] = await Promise.all([
    evaluationDigestOf(settings),
    reviewIn(settings, pin),
  ]);
  return { evaluationDigest, ...reviewed };
}

/** What the gates say of a document with those facts; see `judgeEvidenceFile`. */
export function judgeBeside(
  settings: Settings,
  file: EvidenceFile,
  facts: OfflineFacts,
): OfflineJudgement {
  const candidate = offlineCandidate(settings, file, facts);
  const verdicts = judge(candidate, settings.gates);
  return { candidate, verdicts, blocked: blocked(verdicts), notLookedAt: unknowns(candidate) };
}

/** What the gates see of an evidence document in a file; see `judgeEvidenceFile`. */
export function offlineCandidate(
  settings: Settings,
  file: EvidenceFile,
  facts: OfflineFacts,
): Candidate {
  const { evidence, evidenceDigest, problem } = readDocument(file);
  const pin = pinOf(settings, evidence?.model);
  const candidate = candidateFrom(settings, pin, {
    evidence,
    problem,
    document: null,
    evidenceDigest,
    evidenceSignature: file.signature,
    provenance: file.provenance ?? null,
    registryDigest: null,
    ...facts,
  });
  const { history } = candidate;
  return {
    ...candidate,
    offline: true,
    // Without receipts nobody knows what the stack serves, which isn't the same as nothing.
    history: history.latestReceiptAt === null ? { ...history, deployed: "unknown" } : history,
  };
}

/** The evidence in a document, or why there is none to judge. */
export function readDocument({
  document,
}: EvidenceFile): Pick<Candidate, "evidence" | "evidenceDigest" | "problem"> {
  const nothing = { evidence: null, evidenceDigest: null };
  if ("absent" in document) {
    const reason = `There is no evidence to judge, as ${document.absent}.`;
    return { ...nothing, problem: problem("evidence-missing", reason) };
  }
  const parsed = parseEvidence(document);
  if ("unreadable" in parsed) {
    const reason = `The evidence can't be read, ${quoted(parsed.unreadable, 600)}; run \`tollgate evaluate\` again.`;
    return { ...nothing, problem: problem("evidence-unreadable", reason) };
  }
  return {
    evidence: parsed.evidence,
    evidenceDigest: sha256(Buffer.from(document)),
    problem: null,
  };
}

function problem(code: EvidenceProblem["code"], reason: string): EvidenceProblem {
  return { code, reason };
}

/** The version to judge: as the stack pins it where it does, for bytes that were swapped would else name themselves. */
function pinOf(
  { model, pin }: Settings,
  measured: { version: string; digest: string } | undefined,
): PinnedVersion {
  if (!measured) return pin ?? { name: model, version: "?", digest: "unknown" };
  if (pin?.version === measured.version) return pin;
  return { name: model, version: measured.version, digest: measured.digest };
}

function unknowns({ history, evaluationDigest }: Candidate): string[] {
  return [
    "No registry was asked, so its tags and the stored bytes weren't compared.",
    ...(history.deployed === "unknown"
      ? ["There are no receipts here, so what the stack serves isn't known."]
      : []),
    ...(evaluationDigest === null
      ? ["The evaluation data isn't at hand, and the settings pin no digest of it."]
      : []),
  ];
}
