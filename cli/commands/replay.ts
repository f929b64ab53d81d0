import type { Settings } from "../../config/settings";
import type { Receipt } from "../../history/receipt";
import { count, label, shortDigest } from "../../policies/finding";
import { refusalSummary } from "../../policies/judge";
import type { ReplayedDeployment } from "../../admission/replay";
import { exitCodes } from "../errors";
import type { Context } from "../context";
import type { Run } from "../verb";

/** `tollgate replay`: every past deployment under today's gates. Changes nothing and asks no registry. */
export const run: Run = async (context, options) => {
  const settings = await context.settings();
  const [{ readReceipts }, { replay }, { packDigest }, { keptEvidence }] = await Promise.all([
    import("../../history/receipts"),
    import("../../admission/replay"),
    import("../../pack/digest"),
    import("../signing/kept-evidence"),
  ]);
  const { receipts } = readReceipts(settings.stateDir);
  const replayed = replay(settings, receipts, (receipt) => keptEvidence(settings, receipt));
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
