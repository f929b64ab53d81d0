import { readFileSync } from "node:fs";
import { samePin } from "../../history/rollback";
import { stackFile } from "../../config/stack-files";
import type { PinnedVersion } from "../../policies/gate";
import { CliError } from "../errors";
import { checkedReason, forceWaivers } from "../forcing";
import { judgeVersion, nameOfPin } from "../judgement";
import { refusal, release } from "../releasing";
import type { Run } from "../verbs";

/** `tollgate rollback`: an earlier released pin, judged again, written, and released as a forward `up`. */
export const run: Run = async (context, options) => {
  checkedReason(options);
  const settings = await context.settings();
  const { projectDir, stack, pin: from } = settings;
  const to = await goal(settings, options.to as string | undefined);
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
    const { replaceFile } = await import("../../config/stack-files");
    replaceFile(file, before);
    const refused = await refusal(context, settings, judgement);
    return { ...refused, text: `${refused.text}\n\nTo go on all the same: --force --reason "..."` };
  }
  const outcome = await release(context, changed, judgement);
  return { ...outcome, document: { ...(outcome.document as object), rollback: { from, to } } };
};

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
      `${stack} has released no version before this one, so there is nothing to go back to.`,
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
