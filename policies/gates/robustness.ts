import { z } from "zod";
import { clause, count, label, noEvidence, refused } from "../finding";
import { type Candidate, defineGate, type Finding } from "../gate";
import { difference, judgeNumber, numberProblem, onRows, rangeOf } from "../measured";
import { minimumRowsSetting, tooFewRows } from "../support";
import { eachTarget } from "../targets";
import type { Evidence } from "../../registry/evidence";
import { numberCodes } from "../codes";
import { usualLevels } from "../levels";

type Measured = Evidence["robustness"][number];

const anyStrength = z.number().positive();
const shareOfAll = anyStrength.max(1);

/** A disturbance: how strong, and how much of the metric it may cost. Not judged when it isn't named. */
function disturbance(strength: z.ZodNumber, normal: number, lost: number, meaning: string) {
  return z
    .strictObject({
      strength: strength.default(normal).describe(`${meaning} Default ${normal}.`),
      lost: z
        .number()
        .min(0)
        .default(lost)
        .describe(`Highest accepted loss of accuracy, or of r2 for a regression. Default ${lost}.`),
    })
    .optional()
    .describe("Judged when it is named, also as {}. Default: not judged.");
}

const settings = z.strictObject({
  noise: disturbance(
    anyStrength,
    0.1,
    0.05,
    "Gaussian noise on every number, in standard deviations of its column.",
  ),
  missing: disturbance(shareOfAll, 0.05, 0.05, "Share of cells that are emptied, 0 to 1."),
  swapped: disturbance(
    shareOfAll,
    0.05,
    0.05,
    "Share of rows whose categories become others of the same column, 0 to 1.",
  ),
  outOfRange: disturbance(
    anyStrength,
    0.5,
    0.05,
    "How far a twentieth of the numbers is put beyond what was seen, in ranges of the column.",
  ),
  adversarial: disturbance(
    anyStrength,
    0.1,
    0.15,
    "Step of each number in the direction that hurts most, in standard deviations of its column.",
  ),
  minimumRows: minimumRowsSetting(),
});

const kinds = {
  noise: "noise",
  missing: "missing values",
  swapped: "swapped categories",
  outOfRange: "values out of range",
  adversarial: "an adversarial step",
} as const satisfies Record<Measured["kind"], string>;

/**
 * Refuses a pin that loses too much when its inputs are disturbed a little, that fails on them, or that answers them with
 * NaN. Exactly the limit passes. A gate that was switched on without any disturbance is refused.
 */
export const robustness = defineGate({
  name: "robustness",
  description: "Disturbed inputs cost little, and are answered with finite predictions.",
  severity: "high",
  remedy:
    "Make the model's pipeline take such inputs (an imputer, an encoder that ignores unknown categories, clipping, more regularisation), then register and evaluate it.",
  source:
    "Accuracy or r2 on the same evaluation rows before and after a disturbance drawn with the evaluator's seed; the adversarial step is bounded in every column (Goodfellow et al., ICLR 2015). " +
    "Strengths and losses are Tollgate's own starting points: five points of accuracy for an accident, fifteen for an opponent.",
  waivable: true,
  levels: usualLevels,
  byDefault: "off",
  codes: [
    "lost-too-much",
    "failed",
    "too-few-rows",
    "no-disturbance",
    "measured-otherwise",
    "not-measured",
    ...numberCodes,
  ],
  settings,
  check: eachTarget((candidate, wanted: z.output<typeof settings>) => {
    const { evidence } = candidate;
    if (!evidence) return noEvidence(candidate, "robustness");
    const findings = (Object.keys(kinds) as Measured["kind"][]).flatMap((kind) => {
      const limits = wanted[kind];
      return limits ? [judgeKind(candidate, evidence, kind, limits, wanted.minimumRows)] : [];
    });
    if (findings.length > 0) return findings;
    const reason = `${label(candidate.pin)} can't be judged: tollgate:gates.robustness names no disturbance.`;
    return [refused("no-disturbance", reason)];
  }),
});

function judgeKind(
  candidate: Candidate,
  { robustness, data }: Evidence,
  kind: Measured["kind"],
  { strength, lost: limit }: { strength: number; lost: number },
  minimum: number,
): Finding {
  const version = label(candidate.pin);
  const facts = { subject: kind, threshold: limit };
  const again = "run `tollgate evaluate` again";
  const measured = robustness.find((each) => each.kind === kind);
  if (!measured) {
    const reason = `${version} was not measured under ${kinds[kind]} on ${data.path}; ${again}.`;
    return refused("not-measured", reason, facts);
  }
  if (measured.strength !== strength) {
    const reason = `${version} was measured under ${kinds[kind]} of strength ${measured.strength}, but the settings say ${strength}; ${again}.`;
    const strengths = { value: measured.strength, threshold: strength };
    return refused("measured-otherwise", reason, { subject: kind, ...strengths });
  }
  const under = `under ${kinds[kind]} of strength ${strength}`;
  const where = `on ${onRows(measured.rows, data.path)}`;
  const { baseline, disturbed, failure, metric, nonFinite } = measured;
  // First, because such predictions can be why there is nothing to measure.
  if (nonFinite !== 0) {
    const reason = `${version} gives ${count(nonFinite, "prediction")} that are NaN or infinite ${under} ${where}, and none is allowed.`;
    return refused("not-finite", reason, { ...facts, value: nonFinite, threshold: 0 });
  }
  if (failure !== null || disturbed === null) {
    const why = clause(failure, "no reason was recorded");
    return refused("failed", `${version} fails ${under} ${where}: ${why}.`, facts);
  }
  for (const value of [baseline, disturbed] as unknown[]) {
    const problem = numberProblem(value, rangeOf(metric));
    if (!problem) continue;
    const reason = `${version} has ${metric} ${problem.text}, ${under} ${where}, against the highest loss ${limit}.`;
    return refused(problem.code, reason, { ...facts, value: problem.value });
  }
  const few = tooFewRows(candidate, {
    subject: kind,
    what: `${version} was measured ${under} on`,
    rows: measured.rows,
    distinctRows: measured.distinctRows,
    minimum,
    path: data.path,
  });
  if (few) return few;
  return judgeNumber({
    subject: kind,
    value: difference(baseline, disturbed),
    limit,
    kind: "limit",
    what: `${version} goes from ${metric} ${baseline} to ${disturbed} ${under}, a loss of`,
    where,
    code: "lost-too-much",
  });
}
