import { existsSync, mkdirSync } from "node:fs";
import path from "node:path";
import { writeWhole } from "../project/whole-file";
import { sha256 } from "../strict/canonical";

/** Where the evidence document of a receipt is kept; its envelope has the same name with `.dsse.json`. */
export function evidenceFile(stateDir: string, digest: string): string {
  return path.join(stateDir, "evidence", `${digest.replace("sha256:", "")}.json`);
}

/** Where the envelope of an evidence document is kept; absent when nobody signed it. */
export function evidenceSignatureFile(stateDir: string, digest: string): string {
  return evidenceFile(stateDir, digest).replace(/\.json$/, ".dsse.json");
}

/** Where a provenance is kept, by its own digest. */
export function provenanceFile(stateDir: string, digest: string): string {
  return path.join(stateDir, "evidence", `${digest.replace("sha256:", "")}.provenance.dsse.json`);
}

/** What a version was released on. */
export interface ReleasedOn {
  readonly evidence: string | null;
  readonly evidenceSignature: string | null;
  /** Null when nothing of its training was proven. */
  readonly provenance: string | null;
}

/** Keeps what a version was released on beside the receipts, named by its digest, so that it can be judged again. */
export function keepEvidence(
  stateDir: string,
  { evidence, evidenceSignature, provenance }: ReleasedOn,
): void {
  if (provenance) writeOnce(provenanceFile(stateDir, sha256(provenance)), provenance);
  if (!evidence) return;
  const digest = sha256(evidence);
  writeOnce(evidenceFile(stateDir, digest), evidence);
  if (evidenceSignature) writeOnce(evidenceSignatureFile(stateDir, digest), evidenceSignature);
}

function writeOnce(file: string, text: string): void {
  if (existsSync(file)) return;
  mkdirSync(path.dirname(file), { recursive: true });
  writeWhole(file, text);
}
