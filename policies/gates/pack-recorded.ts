import { z } from "zod";
import { label, passed, refused, shortDigest } from "../finding";
import { defineGate } from "../gate";
import { levelsOfSigned } from "../levels";

/**
 * Refuses to judge by other gates than the ones that were reviewed: those recorded in the stack's file, else those that
 * the last release was judged by. A gate edited to pass would otherwise look like any other.
 *
 * It can't be waived: a waiver is judged by the same gates.
 */
export const packRecorded = defineGate({
  name: "pack-recorded",
  description: "The gates that judge are the ones that were reviewed for this stack.",
  severity: "critical",
  remedy:
    "Undo the change of the gates, or have it reviewed and commit what `tollgate pack --record` writes into the stack's file.",
  source:
    "Compares a sha256 over the sources of all gates with tollgate:pack in the stack's file, or with the last receipt where that is unset. It has no threshold.",
  waivable: false,
  levels: levelsOfSigned,
  byDefault: "on",
  codes: ["gates-changed", "wrong-type"],
  notReplayed: true,
  settings: z.strictObject({}),
  check({ pin, stack, pack, history }) {
    const version = label(pin);
    const recorded = pack.pinned ?? history.packDigest;
    const facts = { value: pack.digest, threshold: recorded };
    const judged = `${version} is judged by the gates ${shortDigest(String(pack.digest))}`;
    if (!/^sha256:[0-9a-f]{64}$/.test(pack.digest)) {
      const reason = `${version} is judged by gates without a readable digest, ${JSON.stringify(pack.digest)}.`;
      return [refused("wrong-type", reason, { threshold: recorded })];
    }
    if (recorded === null) {
      return [passed(`${judged}, the first that ${stack} is judged by.`, facts)];
    }
    const where =
      pack.pinned === null
        ? `the last release of ${stack} was judged by`
        : `the file of ${stack} names`;
    if (pack.digest !== recorded) {
      const reason = `${judged}, but ${where} ${shortDigest(String(recorded))}.`;
      return [refused("gates-changed", reason, facts)];
    }
    return [passed(`${judged}, which ${where}.`, facts)];
  },
});
