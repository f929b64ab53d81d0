import { z } from "zod";
import { label, noEvidence, refused } from "../finding";
import { defineGate, type Finding } from "../gate";
import { byName, judgeNumber, onEvaluationRows, rangeOf, rangeText, within } from "../measured";
import type { Evidence } from "../../registry/evidence";

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
});

/**
 * Refuses a pin whose measured metrics lie below a floor or above a ceiling of the environment. A value exactly at the
 * limit passes.
 *
 * A metric that was never recorded is refused, and so is a gate that was switched on without any limit.
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
    "The tiers' floors are those of the model promotion exercise (accuracy 0.90) and of the deployment guide (0.80 each).",
  waivable: true,
  settings,
  check(candidate, { floors, ceilings }) {
    const { evidence } = candidate;
    if (!evidence) return noEvidence(candidate, "metrics");
    const version = label(candidate.pin);
    const findings = [
      ...byName(floors).map(([metric, floor]) =>
        judgeMetric(version, evidence, metric, floor, "floor"),
      ),
      ...byName(ceilings).map(([metric, ceiling]) =>
        judgeMetric(version, evidence, metric, ceiling, "ceiling"),
      ),
    ];
    if (findings.length > 0) return findings;
    const reason = `${version} can't be judged: tollgate:gates.metric-floor names no floor and no ceiling.`;
    return [refused("no-limit", reason)];
  },
});

function judgeMetric(
  version: string,
  evidence: Evidence,
  metric: string,
  limit: number,
  kind: "floor" | "ceiling",
): Finding {
  const { metrics } = evidence;
  const where = onEvaluationRows(evidence);
  if (!Object.hasOwn(metrics, metric)) {
    const recorded = Object.keys(metrics).sort().join(", ") || "none";
    const reason = `${version} has no metric ${metric} ${where}, which has the ${kind} ${limit}; recorded: ${recorded}.`;
    return refused("missing", reason, { subject: metric, threshold: limit });
  }
  return judgeNumber({
    subject: metric,
    value: metrics[metric],
    limit,
    kind,
    what: `${version} has ${metric}`,
    where,
    range: rangeOf(metric),
  });
}
