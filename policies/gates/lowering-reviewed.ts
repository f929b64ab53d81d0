import { z } from "zod";
import { label, passed, refused } from "../finding";
import { defineGate } from "../gate";

/**
 * Refuses a pin while a gate is below its tier's level by a change of the stack's file that nobody has committed, as
 * `pulumi up --config` would make it. Who committed one is in the receipt.
 */
export const loweringReviewed = defineGate({
  name: "lowering-reviewed",
  description: "A gate below its tier's level was put there by a committed change.",
  source:
    "Compares each gate's level with its tier's, and asks git who committed the lines of Pulumi.<stack>.yaml that lower it.",
  severity: "high",
  remedy:
    "Commit the change of the stack's file and have it reviewed, or take it back. In CI, check out the whole history: a shallow clone doesn't tell who changed a line.",
  waivable: false,
  settings: z.strictObject({}),
  check({ pin, lowered }) {
    if (lowered.length === 0) {
      return [passed(`${label(pin)} is judged with no gate below its tier's level.`)];
    }
    return lowered.map(({ gate, level, from, by }) => {
      const facts = { subject: gate, value: level, threshold: from };
      const what = `${label(pin)} is judged with ${gate} ${level}, where its tier has it ${from}`;
      return by === null
        ? refused("not-committed", `${what}, by a change that isn't committed.`, facts)
        : passed(`${what}, by a change of ${by}.`, facts);
    });
  },
});
