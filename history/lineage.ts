import type { Candidate } from "../policies/gate";
import { lineageOf, trainingOf } from "../policies/training";
import { sha256 } from "../strict/canonical";
import type { Receipt } from "./receipt";

/** What a receipt keeps of a version's lineage; null without evidence. */
export function lineageRecord(candidate: Candidate): Receipt["lineage"] {
  const { evidence, provenance } = candidate;
  if (!evidence) return null;
  const { gitCommit, dataVersion } = lineageOf(candidate, evidence).lineage;
  const training = trainingOf(candidate);
  if (!training) return { gitCommit, dataVersion };
  const { by, stack, gitDirty, trainingDataDigest } = training;
  const proven = { by, stack, gitDirty, trainingDataDigest, provenance: sha256(provenance!) };
  return { gitCommit, dataVersion, proven };
}
