import fs from "node:fs";
import path from "node:path";
import { loadFromFile } from "../../config/load";
import type { Settings } from "../../config/settings";
import { candidateFrom, type FetchedCandidate } from "../../admission/candidate";
import type {
  Candidate,
  LoweredGate,
  PinnedVersion,
  Review,
  Service,
  StackHistory,
} from "../../policies/gate";
import { fetchCandidateFacts } from "../../registry/candidate";
import type { ModelVersion, RegistryClient } from "../../registry/client";
import { artifactPath } from "../../registry/artifact-paths";
import { versionTags } from "../../registry/evidence";
import type { ApprovalPredicate, WaiverPredicate } from "../../trust/types";
import { signedLine, testKey } from "../support/signing";

const stack = "prod";

/** Where the generated candidates lie, a project folder each. */
export const candidatesFolder = path.join(__dirname, "candidates");

/** What the corpus says of a candidate: good, or bad in the one way that one gate refuses with one code. */
export type Expected =
  | { readonly what: string; readonly passes: true }
  | { readonly what: string; readonly gate: string; readonly code: string };

/** A candidate of the corpus as the gates see it. */
export interface CorpusCandidate {
  readonly name: string;
  readonly expected: Expected;
  readonly settings: Settings;
  readonly candidate: FetchedCandidate;
}

/** What `facts.json` holds: what registry, history and people say of a candidate. */
interface Facts {
  /** The version's `tollgate.evidence` tag; null for a version that nobody evaluated. */
  readonly tag: string | null;
  readonly registryDigest: string | null;
  readonly evaluationDigest: string | null;
  /** Who approved, by the name of a test key; what differs from an approval of exactly this pin. */
  readonly approvals: readonly (Partial<ApprovalPredicate> & {
    readonly key: string;
    readonly approver: string;
  })[];
  /** Who waived what, where anybody did; what differs from a waiver of exactly this pin on its evidence. */
  readonly waivers?: readonly (Partial<WaiverPredicate> &
    Pick<WaiverPredicate, "gate" | "owner" | "reason"> & { readonly key: string })[];
  readonly history: StackHistory;
  readonly soaked: readonly Service[] | null;
  readonly packDigest: string;
  /** Who committed a gate below its tier's level where it is reviewed; null for nobody. */
  readonly loweredBy: string | null;
  readonly judgedAt: string;
}

/** Names of all candidates, sorted. */
export function corpusNames(): string[] {
  return fs.readdirSync(candidatesFolder).sort();
}

/** One candidate, read as the real one would be: settings by the loader, evidence by the registry's look-up. */
export async function loadCandidate(name: string): Promise<CorpusCandidate> {
  const folder = path.join(candidatesFolder, name);
  const settings = await loadFromFile(folder, stack);
  const pin = settings.pin!;
  const facts = readJson<Facts>(folder, "facts.json");
  const found = await fetchCandidateFacts(registryOf(folder, pin, facts), pin);
  const lowered = Object.entries(settings.gates).flatMap(([gate, { level, lowered: from }]) =>
    from ? [{ gate, level, from, by: facts.loweredBy }] : [],
  );
  const { evaluationDigest, history, soaked, packDigest, judgedAt } = facts;
  const candidate = candidateFrom(settings, pin, {
    ...found,
    evaluationDigest,
    lowered,
    review: reviewOf(lowered),
  });
  return {
    name,
    expected: readJson(folder, "expected.json"),
    settings,
    candidate: {
      ...candidate,
      approvals: facts.approvals.map((approval) => approvalLine(approval, candidate)),
      waivers: (facts.waivers ?? []).map((waiver) => waiverLine(waiver, candidate)),
      history,
      soaked,
      pack: { ...candidate.pack, digest: packDigest },
      judgedAt,
    },
  };
}

/** The reviewed settings have no gate lowered that nobody committed. */
function reviewOf(lowered: readonly LoweredGate[]): Review {
  return {
    digest: `sha256:${"5".repeat(64)}`,
    ref: "refs/heads/main",
    commit: "5".repeat(40),
    problem: null,
    differences: lowered
      .filter(({ by }) => by === null)
      .map(({ gate, level, from, by }) => ({
        field: `tollgate:gates.${gate}.level`,
        value: JSON.stringify(level),
        reviewed: JSON.stringify(from),
        by,
      })),
    level: "mandatory",
  };
}

/** Signed when it is read: what is approved names every gate's settings, so a new gate would undo a committed line. */
function approvalLine(
  { key, ...approval }: Facts["approvals"][number],
  candidate: Candidate,
): string {
  return signedLine(testKey(key), "approval", {
    ...boundTo(candidate),
    plan: candidate.plan,
    expires: "2026-02-11T09:00:00Z",
    ...approval,
  });
}

function waiverLine(
  { key, ...waiver }: NonNullable<Facts["waivers"]>[number],
  candidate: Candidate,
): string {
  return signedLine(testKey(key), "waiver", {
    ...boundTo(candidate),
    refusals: [],
    expires: "2026-02-05T09:00:00Z",
    ...waiver,
  });
}

/** What people sign on the morning of the day of judging, of a version with evidence. */
function boundTo({ pin, evidenceDigest }: Candidate) {
  const { name: model, version, digest } = pin;
  const evidence = evidenceDigest ?? undefined;
  return { stack, model, version, digest, evidence, at: "2026-02-04T09:00:00Z" };
}

/** As much of a registry as a look-up asks for, with the folder's evidence in it. */
function registryOf(folder: string, pin: PinnedVersion, facts: Facts): RegistryClient {
  const files = new Map([
    [artifactPath("evidence", pin), "evidence.json"],
    [artifactPath("evidence", pin, ".dsse.json"), "evidence.dsse.json"],
    [artifactPath("provenance", pin, ".dsse.json"), "provenance.dsse.json"],
  ]);
  const tags = {
    ...(facts.tag === null ? {} : { [versionTags.evidence]: facts.tag }),
    ...(facts.registryDigest === null ? {} : { [versionTags.digest]: facts.registryDigest }),
  };
  const registry = {
    uri: "http://registry",
    options: { timeoutSeconds: 5 },
    within: () => registry,
    getModelVersion: async (): Promise<Partial<ModelVersion>> => ({
      name: pin.name,
      version: pin.version,
      status: "READY",
      runId: "0123456789abcdef",
      tags,
    }),
    artifacts: {
      findRunArtifact: async (_run: string, artifact: string): Promise<Buffer | null> => {
        const name = files.get(artifact);
        const file = name && path.join(folder, name);
        return file && fs.existsSync(file) ? fs.readFileSync(file) : null;
      },
    },
  };
  return registry as unknown as RegistryClient;
}

function readJson<T>(folder: string, file: string): T {
  return JSON.parse(fs.readFileSync(path.join(folder, file), "utf8")) as T;
}
