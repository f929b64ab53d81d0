import { sha256 } from "../strict/canonical";
import { artifactPath, formerEvidencePath } from "./artifact-paths";
import type { ModelVersion, RegistryClient } from "./client";
import { isRegistryError } from "./errors";
import { type Evidence, versionTags } from "./evidence";
import type { EvidenceProblem } from "./evidence-problem";
import { evidenceLimits, parseEvidence } from "./evidence-document";
import { fetchProvenance } from "./provenance";

/** The version to look up, as the pin names it. */
export interface CandidatePin {
  readonly name: string;
  readonly version: string;
  readonly digest: string;
}

/** What the registry knows of a pinned version. Exactly one of `evidence` and `problem` is null. */
export interface CandidateFacts {
  readonly evidence: Evidence | null;
  readonly problem: EvidenceProblem | null;
  /** The evidence document as stored; null exactly when `evidence` is. */
  readonly document: string | null;
  /** sha256 of the document; null exactly when `evidence` is. */
  readonly evidenceDigest: string | null;
  /** The DSSE envelope beside the document, as stored; null when there is none. */
  readonly evidenceSignature: string | null;
  /** The provenance of the training beside the document, a DSSE envelope as stored; null when there is none. */
  readonly provenance: string | null;
  /** The version's `tollgate.digest` tag; null without one, or when the registry gave no version. */
  readonly registryDigest: string | null;
}

/** An envelope has 1 kB. */
const maxSignatureBytes = 64 * 1024;

const nothing = {
  evidence: null,
  document: null,
  evidenceDigest: null,
  evidenceSignature: null,
  provenance: null,
};

/**
 * Looks up a pinned version and its evidence. It never throws: whatever goes wrong is a problem, for the gates to
 * refuse. Four requests to a usual MLflow server, each of which may last the client's `timeoutSeconds`.
 */
export async function fetchCandidateFacts(
  client: RegistryClient,
  pin: CandidatePin,
): Promise<CandidateFacts> {
  let version: ModelVersion;
  try {
    version = await client.getModelVersion(pin.name, pin.version);
  } catch (error) {
    return { ...nothing, problem: lookupProblem(client, pin, error), registryDigest: null };
  }
  const otherVersion = version.name !== pin.name || version.version !== pin.version;
  const registryDigest = otherVersion ? null : (version.tags[versionTags.digest] ?? null);
  const found = otherVersion
    ? problem(
        "version-not-found",
        `The registry at ${client.uri} answered with version ${version.version} of "${version.name}" when asked for ${title(pin)}; correct tollgate:model or tollgate:pin.`,
      )
    : await evidenceOf(client, pin, version);
  return { ...found, registryDigest };
}

type Found = Omit<CandidateFacts, "registryDigest">;

function problem(code: EvidenceProblem["code"], reason: string): Found {
  return { ...nothing, problem: { code, reason } };
}

const evaluateAgain = "run `tollgate evaluate` for it";

async function evidenceOf(
  registry: RegistryClient,
  pin: CandidatePin,
  version: ModelVersion,
): Promise<Found> {
  const who = title(pin);
  if (version.status !== "READY") {
    const detail = version.statusMessage ? ` (${version.statusMessage})` : "";
    return problem(
      "version-not-ready",
      `${capital(who)} is ${version.status}${detail} in the registry, not READY; wait until its registration has ended, or pin another version.`,
    );
  }
  const tag = version.tags[versionTags.evidence];
  if (!tag) {
    return problem(
      "evidence-missing",
      `${capital(who)} has no evidence (no tag ${versionTags.evidence}); ${evaluateAgain}.`,
    );
  }
  if (!version.runId) {
    return problem(
      "evidence-missing",
      `${capital(who)} has no run that could hold its evidence; register it from a run.`,
    );
  }
  const own = pathsOf(pin);
  // Of the bytes that the registry has, where the pin names others: the gates say then which they are.
  const registered = { ...pin, digest: version.tags[versionTags.digest] ?? pin.digest };
  // Asked at once; what is wrong with the document is said before what is wrong with its signatures.
  const proving = fetchProvenance(registry, version.runId, pin);
  proving.catch(() => {});
  try {
    const stored =
      (await storedAt(registry, version.runId, own)) ??
      (registered.digest === pin.digest
        ? null
        : await storedAt(registry, version.runId, pathsOf(registered))) ??
      (await storedAt(registry, version.runId, {
        document: formerEvidencePath(pin.version),
        signature: formerEvidencePath(pin.version, ".dsse.json"),
      }));
    if (stored) return judgeable(pin, tag, stored, await proving);
    return problem(
      "evidence-missing",
      `${capital(who)} has no artifact ${own.document} in its run ${version.runId}; ${evaluateAgain}.`,
    );
  } catch (error) {
    if (isRegistryError(error, "refused")) {
      return problem("evidence-unreadable", error.message);
    }
    return { ...nothing, problem: unavailable(error) };
  }
}

interface EvidencePaths {
  readonly document: string;
  readonly signature: string;
}

function pathsOf(pin: CandidatePin): EvidencePaths {
  return {
    document: artifactPath("evidence", pin),
    signature: artifactPath("evidence", pin, ".dsse.json"),
  };
}

interface StoredEvidence {
  readonly bytes: Buffer;
  /** The envelope beside it; null when the evidence was never signed. */
  readonly signature: string | null;
}

/** A document and its envelope; null when there is no such document. */
async function storedAt(
  registry: RegistryClient,
  runId: string,
  paths: EvidencePaths,
): Promise<StoredEvidence | null> {
  // Asked at once; what is wrong with the document is said before what is wrong with its signature.
  const signing = registry.artifacts.findRunArtifact(runId, paths.signature, maxSignatureBytes);
  signing.catch(() => {});
  const bytes = await registry.artifacts.findRunArtifact(
    runId,
    paths.document,
    evidenceLimits.bytes,
  );
  return bytes && { bytes, signature: (await signing)?.toString("utf8") ?? null };
}

/** The evidence, when the document is the tagged one, can be read, and speaks of this version. */
function judgeable(
  pin: CandidatePin,
  tag: string,
  { bytes, signature: evidenceSignature }: StoredEvidence,
  provenance: string | null,
): Found {
  const who = title(pin);
  const digest = sha256(bytes);
  if (digest !== tag) {
    return problem(
      "evidence-altered",
      `The evidence of ${who} has the digest ${digest}, but the version's tag says ${tag}; ${evaluateAgain}.`,
    );
  }
  const parsed = parseEvidence(bytes);
  if ("unreadable" in parsed) {
    return problem(
      "evidence-unreadable",
      `The evidence of ${who} can't be read, ${parsed.unreadable}; ${evaluateAgain}.`,
    );
  }
  const { model } = parsed.evidence;
  if (model.name !== pin.name || model.version !== pin.version) {
    return problem(
      "evidence-altered",
      `The evidence of ${who} was measured on version ${model.version} of "${model.name}"; ${evaluateAgain}.`,
    );
  }
  const document = bytes.toString("utf8");
  return {
    evidence: parsed.evidence,
    problem: null,
    document,
    evidenceDigest: digest,
    evidenceSignature,
    provenance,
  };
}

function lookupProblem(client: RegistryClient, pin: CandidatePin, error: unknown): EvidenceProblem {
  if (isRegistryError(error, "not-found")) {
    return {
      code: "version-not-found",
      reason: `${capital(title(pin))} is not in the registry at ${client.uri}; pin a version that is, or train one.`,
    };
  }
  return unavailable(error);
}

function unavailable(error: unknown): EvidenceProblem {
  return {
    code: "registry-unavailable",
    reason: error instanceof Error ? error.message : String(error),
  };
}

function title(pin: CandidatePin): string {
  return `version ${pin.version} of "${pin.name}"`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
