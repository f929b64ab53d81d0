import { createReadStream, existsSync } from "node:fs";
import path from "node:path";
import { registryClient } from "../config/registry";
import { releasePlace, type Settings } from "../config/settings";
import { readLines } from "../config/signed-lines";
import { stackNames } from "../project/stack-files";
import { trustOf } from "../config/signers";
import { readReceipts } from "../history/receipts";
import { servicesOf, stackHistory } from "../history/stack-history";
import type { AdmissionInputs } from "../policies/admission-inputs";
import { type CandidateFacts, fetchCandidateFacts } from "../registry/candidate";
import { sha256Of } from "../registry/digest";
import type { Evidence } from "../registry/evidence";
import { parseEvidence } from "../registry/evidence-document";
import type { Candidate, PinnedVersion, Service } from "../policies/gate";
import { packDigest } from "../pack/digest";
import { planDigest } from "../policies/plan";
import { termsOf } from "../policies/terms";
import { loweredIn, reviewSettings, settingsText } from "./review-admission";

/** A candidate with the evidence document as stored, which is what the pin carries. */
export interface FetchedCandidate extends Candidate {
  readonly document: string | null;
  /** The stack's settings as they are compared with the reviewed ones. */
  readonly settings: string;
}

/** The kept answers that an evidence document names, and of what kind of model they are. */
export interface AdmittedAnswers {
  readonly digest: string;
  readonly rows: number;
  readonly task: Evidence["task"];
  /** Rows that may only be asked one by one, of a model whose answers depend on other rows. Absent: any way. */
  readonly alone?: true;
}

/** What a document names; null where it names none, and without a document. */
export function answersIn(document: string | null | undefined): AdmittedAnswers | null {
  if (!document) return null;
  const parsed = parseEvidence(Buffer.from(document));
  const { answers, task, independence } = "evidence" in parsed ? parsed.evidence : {};
  if (!answers || !task) return null;
  return { ...answers, task, ...(independence?.batching === false ? { alone: true } : {}) };
}

/**
 * What the gates judge for a stack: its pin, the registry's facts about it, and what lies in the project folder. Null
 * without a pin. A registry that doesn't answer is a fact too (`problem`), never an exception.
 *
 * @param compared are the settings compared with the reviewed ones? The program leaves that to the provider.
 * @throws SettingsError, AlteredReceiptsError when a file of the project folder can't be trusted
 */
export async function fetchCandidate(
  settings: Settings,
  compared = true,
): Promise<FetchedCandidate | null> {
  const { pin } = settings;
  if (!pin) return null;
  await Promise.all([receiptsAtHand(settings), receiptsOfSoakAtHand(settings)]);
  const [facts, evaluationDigest, reviewed] = await Promise.all([
    fetchCandidateFacts(registryClient(settings), pin),
    evaluationDigestOf(settings),
    compared ? reviewIn(settings, pin) : notCompared(settings),
  ]);
  return candidateFrom(settings, pin, { ...facts, evaluationDigest, ...reviewed });
}

/** A cluster that doesn't answer is told of by its registry, which is asked next. */
async function receiptsAtHand(settings: Settings): Promise<void> {
  const { cluster, stateDir } = releasePlace(settings);
  if (!cluster) return;
  const [{ ClusterError }, { syncReceipts }] = await Promise.all([
    import("../cluster/cluster"),
    import("../history/cluster-receipts"),
  ]);
  try {
    await syncReceipts(cluster, stateDir);
  } catch (error) {
    if (!(error instanceof ClusterError)) throw error;
  }
}

/** The chain of the stack that the soak gate names: whoever judges here may never have released there. */
async function receiptsOfSoakAtHand({ gates, projectDir }: Settings): Promise<void> {
  const stack = soakStack({ gates });
  if (stack === null || !stackNames(projectDir).includes(stack)) return;
  const { loadFromFile } = await import("../config/load");
  await receiptsAtHand(await loadFromFile(projectDir, stack));
}

/** Facts about a version, joined with what lies in the stack's project folder. */
export function candidateFrom(
  settings: Settings,
  pin: PinnedVersion,
  facts: CandidateFacts & Pick<Candidate, "evaluationDigest" | "lowered" | "review">,
): FetchedCandidate {
  const { stack, projectDir, stateDir, gates } = settings;
  const history = stackHistory(readReceipts(stateDir).receipts, pin);
  return {
    stack,
    pin,
    ...facts,
    terms: termsOf(settings.evaluation),
    settings: settingsText(settings),
    approvals: readLines(projectDir, "approvals", stack, pin),
    waivers: readLines(projectDir, "waivers", stack, pin),
    trust: trustOf(settings),
    plan: planDigest(stack, pin, gates),
    history,
    soaked: soakedIn(settings),
    pack: { digest: packDigest(), pinned: settings.pack },
    judgedAt: history.releasedAt ?? new Date().toISOString(),
  };
}

/** Digest of a stack's evaluation data: the one its settings pin, else that of the file at hand, else null. */
export async function evaluationDigestOf({
  evaluation,
  projectDir,
}: Pick<Settings, "evaluation" | "projectDir">): Promise<string | null> {
  if (!evaluation) return null;
  if (evaluation.digest) return evaluation.digest;
  const file = path.resolve(projectDir, evaluation.data);
  if (!existsSync(file)) return null;
  return `sha256:${await sha256Of(createReadStream(file))}`;
}

/** A stack's settings, signers and waivers beside the reviewed ones. */
export function reviewIn(
  settings: Settings,
  pin: PinnedVersion,
): Promise<Pick<Candidate, "lowered" | "review">> {
  const { projectDir, stack, stateDir } = settings;
  const waivers = readLines(projectDir, "waivers", stack, pin);
  const { receipts } = readReceipts(stateDir);
  return reviewSettings(settings, { trust: trustOf(settings), waivers, pin }, receipts);
}

function notCompared({ gates }: Pick<Settings, "gates">): Pick<Candidate, "lowered" | "review"> {
  return { lowered: loweredIn(gates).map((each) => ({ ...each, by: null })), review: null };
}

/**
 * What the stack that the soak gate names has served; null when that gate is off or the stack has no receipts here.
 *
 * @param until leaves out what was released later, ISO 8601, UTC. @default nothing
 */
export function soakedIn(
  { gates, stateDir }: Pick<Settings, "gates" | "stateDir">,
  until?: string,
): Service[] | null {
  const stack = soakStack({ gates });
  if (stack === null) return null;
  const chain = readReceipts(path.join(path.dirname(stateDir), stack)).receipts;
  const receipts = chain.filter(({ at }) => until === undefined || at <= until);
  return receipts.length > 0 ? servicesOf(receipts) : null;
}

/** The stack that the soak gate names; null when that gate is off. */
function soakStack({ gates }: Pick<Settings, "gates">): string | null {
  const soak = gates["soak"];
  if (!soak || soak.level === "disabled") return null;
  return (soak.settings as { stack: string }).stack;
}

/** What an admission is declared with. */
interface Declared extends Pick<AdmissionInputs, "stateDir" | "gates" | "cluster"> {
  readonly candidate: FetchedCandidate;
}

/** What is declared of a pin: the candidate as the provider and the policy pack get it. */
export function admissionInputs({ candidate, ...rest }: Declared): AdmissionInputs {
  // What is read from the rest again where it is judged.
  const { document, evidenceDigest, terms, plan, ...carried } = candidate;
  const { gates, stateDir, cluster } = rest;
  return { ...carried, evidence: document, gates, stateDir, cluster };
}
