import { shortDigest } from "../../policies/finding";
import type { Run } from "../verb";

/** `tollgate pack`: the digest of the gates that judge now, and what was reviewed and released under. */
export const run: Run = async (context, options) => {
  const { packDigest } = await import("../../pack/digest");
  const { readReceipts } = await import("../../history/receipts");
  const settings = await context.settings();
  const { stack, projectDir, stateDir } = settings;
  const digest = packDigest();
  const released = readReceipts(stateDir).receipts.at(-1)?.packDigest ?? null;
  const recorded = options.record === true;
  if (recorded) {
    const { setPack } = await import("../../config/stack-file");
    setPack(projectDir, stack, digest);
  }
  const pinned = recorded ? digest : settings.pack;
  return {
    document: { stack, digest, pinned, lastRelease: released, recorded },
    text: [
      `judges now    ${digest}`,
      `stack's file  ${beside(pinned, digest, "none is recorded")}`,
      `last release  ${beside(released, digest, "nothing was released yet")}`,
      ...(recorded
        ? [`Recorded as tollgate:pack in Pulumi.${stack}.yaml: commit it, so that it is reviewed.`]
        : []),
      ...(pinned !== null && pinned !== digest
        ? [
            `The gates aren't those that ${stack} was reviewed under: review what changed, then run \`tollgate pack --record --stack ${stack}\`.`,
          ]
        : []),
    ].join("\n"),
  };
};

function beside(digest: string | null, now: string, otherwise: string): string {
  if (digest === null) return otherwise;
  return digest === now ? "the same" : `another, ${shortDigest(digest)}`;
}
