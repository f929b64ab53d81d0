import { z } from "zod";
import type { Evidence } from "../../registry/evidence";
import { clause, count, label, noEvidence, passed, refused } from "../finding";
import { type Candidate, defineGate, type Finding } from "../gate";
import { usualLevels } from "../levels";
import { withDefault } from "../setting";

const settings = z.strictObject({
  batching: withDefault(
    z.boolean(),
    true,
    "May rows of several callers go into one call of the model? false serves each request by itself, for a model whose answers depend on the other rows.",
  ),
});

/**
 * Refuses a pin whose bytes did not start and answer in the real scorer when they were evaluated, one whose answers were
 * not kept, which a release asks for again, and one whose answers depend on other callers' rows. What was released before
 * answers were kept can come back without.
 */
export const smoke = defineGate({
  name: "smoke",
  description:
    "The real scorer started from the pinned bytes, answered each row the same in whatever company, and its answers are kept for the release.",
  severity: "critical",
  remedy:
    "Mend what the detail says (often a package missing from the model's requirements), register and evaluate a new version; evaluate one again whose answers weren't kept. A model whose answers depend on other rows wants `batching: false` under tollgate:gates.smoke, in a reviewed change.",
  source:
    "Starts the real scorer from the pinned bytes in the locked Python environment and compares its answers to a sample of evaluation rows with those of the evaluation, which it also asks for alone and in random company. It has no threshold: every answer is the same, or it is not. The kept answers are what a release asks the new scorers again.",
  waivable: true,
  levels: usualLevels,
  byDefault: "on",
  codes: ["failed", "answers-not-kept", "depends-on-other-rows", "measured-otherwise"],
  settings,
  check(candidate, { batching }) {
    if (!candidate.evidence) return noEvidence(candidate, "smoke test");
    const version = label(candidate.pin);
    const { smoke: test, answers } = candidate.evidence;
    if (test.passed !== true) {
      const why = clause(test.detail, "no detail was recorded");
      return [refused("failed", `${version} failed its smoke test: ${why}.`)];
    }
    if (!answers && candidate.history.releasedAt === null) {
      return [
        refused(
          "answers-not-kept",
          `${version} passed its smoke test, but its answers weren't kept, which a release compares with those of the new scorers; run \`tollgate evaluate\` for it again.`,
        ),
      ];
    }
    const { independence } = candidate.evidence;
    const dependent = independence && judgeIndependence(candidate, independence, batching);
    return [dependent ?? passed(`${version} passed its smoke test.`)];
  },
});

/** Null where every row that was asked again got the same answer, or each request is served by itself. */
function judgeIndependence(
  { pin }: Candidate,
  measured: NonNullable<Evidence["independence"]>,
  batching: boolean,
): Finding | null {
  const version = label(pin);
  const { rows, company, aloneRows, alone } = measured;
  if (measured.batching !== batching) {
    const way = (batched: boolean) => (batched ? "with" : "without");
    const reason = `${version} was evaluated by a scorer ${way(measured.batching)} batching, and is to be served ${way(batching)}; evaluate it again.`;
    return refused("measured-otherwise", reason, { value: String(measured.batching) });
  }
  const differing = company + alone;
  if (differing === 0 || !batching) return null;
  const reason = `${version} gave ${company} of ${count(rows, "row")} another answer in other company than in the evaluation, and ${alone} of ${aloneRows} alone: its answers depend on other callers' rows.`;
  const facts = { value: differing, threshold: 0, margin: -differing };
  return refused("depends-on-other-rows", reason, facts);
}
