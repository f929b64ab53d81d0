import { relative } from "node:path";
import type { Settings } from "../../config/settings";
import type { Receipt } from "../../history/receipt";
import { count, label, shortDigest } from "../../policies/finding";
import { refusalSummary } from "../../policies/judge";
import type { EvidenceFile } from "../../admission/offline";
import type { ReplayedDeployment } from "../../admission/replay";
import { evidenceLimits } from "../../registry/evidence-document";
import { sha256 } from "../../strict/canonical";
import { exitCodes } from "../errors";
import { readFileUpTo } from "../input";
import type { Context } from "../context";
import type { Run } from "../verb";

/** `tollgate replay`: every past deployment under today's gates. Changes nothing and asks no registry. */
export const run: Run = async (context, options) => {
  const settings = await context.settings();
  const [{ readReceipts }, { replay }, { packDigest }, files] = await Promise.all([
    import("../../history/receipts"),
    import("../../admission/replay"),
    import("../../pack/digest"),
    import("../../history/evidence"),
  ]);
  const { receipts } = readReceipts(settings.stateDir);
  const replayed = replay(settings, receipts, (receipt) => keptEvidence(settings, receipt, files));
  const refused = replayed.filter(({ refusedBy }) => refusedBy.length > 0);
  return {
    document: {
      stack: settings.stack,
      packDigest: packDigest(),
      refused: refused.length,
      deployments: replayed.map(documentOf),
    },
    text: textOf(settings, replayed, context),
    exitCode: options.strict && refused.length > 0 ? exitCodes.refused : exitCodes.done,
  };
};

/** The evidence document that was kept with a receipt, when it still is the one that the receipt names. */
function keptEvidence(
  { stateDir, projectDir }: Settings,
  { evidenceDigest, lineage }: Receipt,
  files: typeof import("../../history/evidence"),
): EvidenceFile {
  if (evidenceDigest === null) {
    return { document: { absent: "it was released without any" }, signature: null };
  }
  const file = files.evidenceFile(stateDir, evidenceDigest);
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
    files.evidenceSignatureFile(stateDir, evidenceDigest),
    evidenceLimits.bytes,
  );
  const proven = lineage?.proven?.provenance;
  const kept = proven && readFileUpTo(files.provenanceFile(stateDir, proven), evidenceLimits.bytes);
  return {
    document,
    signature: "absent" in signature ? null : signature.toString("utf8"),
    // Named by its digest: what was changed since isn't what was released on.
    provenance:
      kept && !("absent" in kept) && sha256(kept) === proven ? kept.toString("utf8") : null,
  };
}

function documentOf({ receipt, verdicts, refusedBy }: ReplayedDeployment) {
  const { seq, at, pin, packVersion, packDigest, settings = null } = receipt;
  return { seq, at, pin, packVersion, packDigest, settings, refusedBy, verdicts };
}

function textOf(
  { stack }: Settings,
  replayed: readonly ReplayedDeployment[],
  { output }: Context,
): string {
  if (replayed.length === 0) return `Nothing was released to ${stack} yet.`;
  const rows = replayed.map(({ receipt, verdicts, refusedBy }) => [
    receipt.at,
    label(receipt.pin),
    `${receipt.packVersion} ${shortDigest(receipt.packDigest)}`,
    settingsText(receipt),
    refusedBy.length > 0 ? `refused by ${refusedBy.join(", ")}` : passedText(verdicts),
  ]);
  const refused = replayed.filter(({ refusedBy }) => refusedBy.length > 0);
  const paint = (text: string) => output.paint(text.startsWith("refused") ? "red" : "green", text);
  return [
    output.table(
      ["released at", "version", "under the gates", "by the settings", "by today's gates"],
      rows,
      { 4: paint },
    ),
    "",
    ...refused.flatMap(({ receipt, verdicts }) =>
      refusalSummary(verdicts).map((sentence) => `${receipt.at} ${sentence}`),
    ),
    ...(refused.length > 0 ? [""] : []),
    refused.length === 0
      ? `${count(replayed.length, "deployment")}, and none would be refused today.`
      : `${refused.length} of ${count(replayed.length, "deployment")} would be refused today.`,
  ].join("\n");
}

/** The effective settings digest, and the commit they were reviewed in. */
function settingsText({ settings }: Receipt): string {
  if (!settings) return "not recorded";
  const { digest, commit, asReviewed } = settings;
  const where = commit === null ? "" : ` ${asReviewed ? "of" : "unlike"} ${commit.slice(0, 12)}`;
  return `${shortDigest(digest)}${where}`;
}

function passedText(verdicts: ReplayedDeployment["verdicts"]): string {
  const waived = new Set(verdicts.filter(({ status }) => status === "waived").map((v) => v.gate));
  return waived.size > 0 ? `passes, waived ${[...waived].join(", ")}` : "passes";
}
