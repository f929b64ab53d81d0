import fs from "node:fs";
import path from "node:path";
import { loadFromFile } from "../../config/load";
import type { Settings } from "../../config/settings";
import { candidateFrom, type FetchedCandidate } from "../../policies/candidate";
import type { Candidate, PinnedVersion, Service, StackHistory } from "../../policies/gate";
import { fetchCandidateFacts } from "../../registry/candidate";
import type { ModelVersion, RegistryClient } from "../../registry/client";
import { RegistryError } from "../../registry/errors";
import { evidenceArtifactPath, evidenceSignaturePath, versionTags } from "../../registry/evidence";
import type { ApprovalPredicate } from "../../trust/types";
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
  readonly history: StackHistory;
  readonly soaked: readonly Service[] | null;
  readonly packDigest: string;
  /** Who committed a gate below its tier's level; null for nobody. */
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
  const candidate = candidateFrom(settings, pin, { ...found, evaluationDigest, lowered });
  return {
    name,
    expected: readJson(folder, "expected.json"),
    settings,
    candidate: {
      ...candidate,
      approvals: facts.approvals.map((approval) => approvalLine(approval, candidate)),
      history,
      soaked,
      pack: { ...candidate.pack, digest: packDigest },
      judgedAt,
    },
  };
}

/** Signed when it is read: what is approved names every gate's settings, so a new gate would undo a committed line. */
function approvalLine(
  { key, ...approval }: Facts["approvals"][number],
  { pin, plan }: Candidate,
): string {
  const { name: model, version, digest } = pin;
  return signedLine(testKey(key), "approval", {
    stack,
    model,
    version,
    digest,
    plan,
    at: "2026-02-04T09:00:00Z",
    expires: "2026-02-11T09:00:00Z",
    ...approval,
  });
}

/** As much of a registry as a look-up asks for, with the folder's evidence in it. */
function registryOf(folder: string, pin: PinnedVersion, facts: Facts): RegistryClient {
  const files = new Map([
    [evidenceArtifactPath(pin.version), "evidence.json"],
    [evidenceSignaturePath(pin.version), "evidence.dsse.json"],
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
    downloadRunArtifact: async (_run: string, artifact: string): Promise<Buffer> => {
      const file = path.join(folder, files.get(artifact)!);
      if (!fs.existsSync(file)) throw new RegistryError("not-found", `no ${artifact}`);
      return fs.readFileSync(file);
    },
  };
  return registry as unknown as RegistryClient;
}

function readJson<T>(folder: string, file: string): T {
  return JSON.parse(fs.readFileSync(path.join(folder, file), "utf8")) as T;
}
