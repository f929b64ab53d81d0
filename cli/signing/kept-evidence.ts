import { relative } from "node:path";
import type { EvidenceFile } from "../../admission/offline";
import type { Settings } from "../../config/settings";
import { evidenceFile, evidenceSignatureFile, provenanceFile } from "../../history/evidence";
import type { Receipt } from "../../history/receipt";
import { evidenceLimits } from "../../registry/evidence-document";
import { sha256 } from "../../strict/canonical";
import { readFileUpTo } from "../input";

/** The evidence document that was kept with a receipt, when it still is the one that the receipt names. */
export function keptEvidence(
  { stateDir, projectDir }: Pick<Settings, "stateDir" | "projectDir">,
  { evidenceDigest, lineage }: Receipt,
): EvidenceFile {
  if (evidenceDigest === null) {
    return { document: { absent: "it was released without any" }, signature: null };
  }
  const file = evidenceFile(stateDir, evidenceDigest);
  const named = relative(projectDir, file);
  const document = readFileUpTo(file, evidenceLimits.bytes);
  if ("absent" in document) {
    return {
      document: { absent: `${named} is not there; put it back from a copy` },
      signature: null,
    };
  }
  if (sha256(document) !== evidenceDigest) {
    return {
      document: { absent: `${named} is not as it was kept; put it back from a copy` },
      signature: null,
    };
  }
  const signature = readFileUpTo(
    evidenceSignatureFile(stateDir, evidenceDigest),
    evidenceLimits.bytes,
  );
  const proven = lineage?.proven?.provenance;
  const kept = proven && readFileUpTo(provenanceFile(stateDir, proven), evidenceLimits.bytes);
  return {
    document,
    signature: "absent" in signature ? null : signature.toString("utf8"),
    // Named by its digest: what was changed since isn't what was released on.
    provenance:
      kept && !("absent" in kept) && sha256(kept) === proven ? kept.toString("utf8") : null,
  };
}
