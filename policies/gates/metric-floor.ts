import { z } from "zod";
import { missingClass } from "../classes";
import { label, noEvidence, refused } from "../finding";
import { type Candidate, defineGate, type Finding } from "../gate";
import { byName, judgeNumber, onEvaluationRows, rangeOf, rangeText, within } from "../measured";
import { isOfClasses, significanceSetting, tooFewToProve } from "../support";
import type { Evidence } from "../../registry/evidence";
import { numberCodes } from "../codes";
import { usualLevels } from "../levels";

/** Limits by metric. A limit that its metric can't have, such as accuracy 90, is a mistake in the unit. */
const limits = z.record(z.string(), z.number()).superRefine((record, context) => {
  for (const [metric, limit] of Object.entries(record)) {
    const range = rangeOf(metric);
    if (within(limit, range)) continue;
    const message = `expected a number ${rangeText(range)}, as ${metric} is one`;
    context.addIssue({ code: "custom", path: [metric], message });
  }
});

const settings = z.strictObject({
  floors: limits
    .default({})
    .describe("Lowest accepted value by metric, such as {accuracy: 0.9, r2: 0.7}. Default none."),
  ceilings: limits
    .default({})
    .describe("Highest accepted value by metric, for errors such as {rmse: 12}. Default none."),
  significance: significanceSetting(
    "How often a version below a floor may be right on all of so few rows by chance, 0 to 0.5: says how many distinct rows a floor needs.",
  ),
  minimumRows: z
    .int()
    .min(1)
    .optional()
    .describe(
      "Fewest distinct rows of each metric, and of the class it is about, instead of what its floor needs. Default: what it needs.",
    ),
});

type Settings = z.output<typeof settings>;

/**
 * Refuses a pin whose measured metrics lie below a floor or above a ceiling of the environment. A value exactly at the
 * limit passes.
 *
 * Precision, recall and f1 are refused where a class has no row or is never predicted, whatever their value: of such a
 * class they say nothing. A metric that was never recorded is refused, and so is a gate that was switched on without any limit. So is a metric
 * that keeps its limit on fewer distinct rows than could prove it: three rows make every accuracy 1 or next to nothing.
 */
export const metricFloor = defineGate({
  name: "metric-floor",
  description:
    "Every metric of the pinned version keeps the floors and ceilings of its environment.",
  severity: "high",
  remedy:
    "Pin a version that keeps the limit, or change tollgate:gates.metric-floor in a reviewed change.",
  source:
    "Compares metrics that the evaluator measured on the pinned evaluation data with absolute limits. " +
    "The tiers' floors are those of the model promotion exercise (accuracy 0.90) and of the deployment guide (0.80 each). " +
    "A floor needs as many distinct rows as make a perfect score below it rarer than the significance (Clopper and Pearson, 1934), other limits 30 (Wilks, 1941).",
  waivable: true,
  levels: usualLevels,
  byDefault: {
    dev: null,
    staging: { floors: { accuracy: 0.9 } },
    prod: { floors: { accuracy: 0.9, precision: 0.8, recall: 0.8, f1: 0.8 } },
  },
  codes: [
    "class-absent",
    "never-predicted",
    "below-floor",
    "above-ceiling",
    "missing",
    "too-few-rows",
    "no-limit",
    "not-measured",
    ...numberCodes,
  ],
  settings,
  check(candidate, limits) {
    const { floors, ceilings } = limits;
    const { evidence } = candidate;
    if (!evidence) return noEvidence(candidate, "metrics");
    const version = label(candidate.pin);
    const findings = [
      ...byName(floors).map(([metric, floor]) =>
        judgeMetric(candidate, evidence, metric, floor, "floor", limits),
      ),
      ...byName(ceilings).map(([metric, ceiling]) =>
        judgeMetric(candidate, evidence, metric, ceiling, "ceiling", limits),
      ),
    ];
    if (findings.length > 0) return findings;
    const reason = `${version} can't be judged: tollgate:gates.metric-floor names no floor and no ceiling.`;
    return [refused("no-limit", reason)];
  },
});

function judgeMetric(
  candidate: Candidate,
  evidence: Evidence,
  metric: string,
  limit: number,
  kind: "floor" | "ceiling",
  { significance, minimumRows }: Settings,
): Finding {
  const { metrics, support, data } = evidence;
  const version = label(candidate.pin);
  const where = onEvaluationRows(evidence);
  if (!Object.hasOwn(metrics, metric)) {
    const recorded = Object.keys(metrics).sort().join(", ") || "none";
    const reason = `${version} has no metric ${metric} ${where}, which has the ${kind} ${limit}; recorded: ${recorded}.`;
    return refused("missing", reason, { subject: metric, threshold: limit });
  }
  const judged = judgeNumber({
    subject: metric,
    value: metrics[metric],
    limit,
    kind,
    what: `${version} has ${metric}`,
    where,
    range: rangeOf(metric),
  });
  const { subject, value, threshold, margin } = judged;
  const missing =
    judged.margin !== null && isOfClasses(metric)
      ? missingClass(candidate, evidence, `${version} can't be judged by its ${metric}`, {
          subject,
          value,
          threshold,
          margin,
        })
      : null;
  if (missing) return missing;
  if (!judged.passed) return judged;
  const few = tooFewToProve(candidate, {
    subject: metric,
    version,
    metric,
    floor: kind === "floor" ? limit : null,
    significance,
    minimumRows,
    support,
    where: data.path,
  });
  return few ?? judged;
}
