import { readFileSync } from "node:fs";
import { samePin } from "../../history/rollback";
import { stackFile } from "../../project/stack-files";
import type { PinnedVersion } from "../../policies/gate";
import type { Settings } from "../../config/settings";
import { operationsOf } from "../../runtimes";
import { CliError, exitCodes } from "../errors";
import { checkedReason, forceWaivers } from "../signing/forcing";
import { commitLines } from "../git";
import { judgeVersion } from "../releasing/judgement";
import { nameOfPin } from "../../history/pin-name";
import { refusal, release } from "../releasing/releasing";
import type { Run } from "../verb";

/** `tollgate rollback`: an earlier released pin, judged again, written, and released as a forward `up`. */
export const run: Run = async (context, options) => {
  checkedReason(options);
  const settings = await context.settings();
  const { projectDir, stack, pin: from } = settings;
  const to = await goal(settings, options.to as string | undefined);
  requireRegistryData(settings);
  context.output.note(
    `Rolling ${stack} back: ${from ? nameOfPin(from) : "nothing"} -> ${nameOfPin(to)}`,
  );

  const { setPin } = await import("../../config/stack-file");
  const file = stackFile(projectDir, stack);
  const before = readFileSync(file, "utf8");
  setPin(projectDir, stack, to);
  const changed = await context.settings();
  let judgement = await judgeVersion(changed, to);
  if (judgement.blocked && (await forceWaivers(context, changed, judgement, options)).length > 0) {
    judgement = await judgeVersion(changed, to);
  }
  // A silent registry doesn't refuse here: `up` may have to start it before it can be asked.
  if (judgement.blocked && judgement.candidate.problem?.code !== "registry-unavailable") {
    const { replaceFile } = await import("../../project/stack-files");
    replaceFile(file, before);
    const refused = await refusal(context, settings, judgement);
    return { ...refused, text: `${refused.text}\n\nTo go on all the same: --force --reason "..."` };
  }
  const outcome = await release(context, changed, judgement);
  if (outcome.exitCode === exitCodes.refused) {
    const { replaceFile } = await import("../../project/stack-files");
    replaceFile(file, before);
  }
  // Without it, whoever releases from another clone goes forward again.
  const commit = outcome.exitCode ? [] : commitLines(settings, file, to.version);
  return {
    ...outcome,
    document: { ...(outcome.document as object), rollback: { from, to } },
    text: [outcome.text, ...commit].join("\n"),
  };
};

/** A registry whose data was deleted has none of the versions that the receipts tell of. */
function requireRegistryData(settings: Settings): void {
  const { stack } = settings;
  const data = operationsOf(settings).lostRegistryData(settings);
  if (data === null) return;
  throw new CliError(
    "registry-gone",
    `${stack} has no registry any more (there is no ${data}), so no version that it released is there to go back to: ` +
      "bring its data back from a backup, or train and release a version anew. The pin stays as it was.",
  );
}

/** The pin to go back to: the one released before, or an earlier one by its version. */
async function goal(
  settings: { stateDir: string; stack: string; pin: PinnedVersion | null },
  version: string | undefined,
): Promise<PinnedVersion> {
  const { stack, stateDir, pin } = settings;
  const { readReceipts } = await import("../../history/receipts");
  const { lastGoodPin } = await import("../../history/rollback");
  const { receipts } = readReceipts(stateDir);
  if (version === undefined) {
    const last = lastGoodPin(receipts, pin);
    if (last) return last;
    throw new CliError(
      "no-earlier-pin",
      `${stack} has released no version before this one that it hasn't gone back from, so there is nothing to go back to.`,
    );
  }
  const pins = receipts.map((receipt) => receipt.pin).reverse();
  const found = pins.find((each) => each.version === version);
  const released = [...new Set(pins.map((each) => each.version))].join(", ") || "none yet";
  if (!found) {
    throw new CliError(
      "not-released",
      `${stack} has never released version ${version}: it has released ${released}; use \`tollgate pin\` for another.`,
    );
  }
  if (samePin(found, pin))
    throw new CliError("same-pin", `${stack} pins version ${version} already.`);
  return found;
}
