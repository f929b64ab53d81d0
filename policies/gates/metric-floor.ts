import { z } from "zod";
import { beside, label, marginOf, noEvidence, passed, refused } from "../finding";
import { defineGate, type Finding } from "../gate";

const settings = z.strictObject({
  floors: z
    .record(z.string(), z.number().min(0).max(1))
    .default({})
    .describe("Lowest accepted value by metric, 0 to 1, such as {accuracy: 0.9}."),
  ceilings: z
    .record(z.string(), z.number().min(0))
    .default({})
    .describe("Highest accepted value by metric, for errors such as {rmse: 12}."),
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
  overridable: true,
  settings,
  check(candidate, { floors, ceilings }) {
    if (!candidate.evidence) return noEvidence(candidate, "metrics");
    const version = label(candidate.pin);
    const metrics = candidate.evidence.metrics;
    // Sorted, because the engine does not keep the order of keys and verdicts must not depend on it.
    const findings = [
      ...Object.entries(floors)
        .sort()
        .map(([metric, floor]) => judgeMetric(version, metrics, metric, floor, "floor")),
      ...Object.entries(ceilings)
        .sort()
        .map(([metric, ceiling]) => judgeMetric(version, metrics, metric, ceiling, "ceiling")),
    ];
    if (findings.length > 0) return findings;
    const reason = `${version} can't be judged: tollgate:gates.metric-floor names no floor and no ceiling.`;
    return [refused("no-limit", reason)];
  },
});

function judgeMetric(
  version: string,
  metrics: Readonly<Record<string, number>>,
  metric: string,
  limit: number,
  kind: "floor" | "ceiling",
): Finding {
  const facts = { subject: metric, threshold: limit };
  if (!Object.hasOwn(metrics, metric)) {
    const recorded = Object.keys(metrics).sort().join(", ") || "none";
    const reason = `${version} has no metric ${metric}, which has the ${kind} ${limit}; recorded: ${recorded}.`;
    return refused("missing", reason, facts);
  }
  const value: unknown = metrics[metric];
  if (typeof value !== "number" || !Number.isFinite(value)) {
    const reason = `${version} has ${metric} ${String(value)}, which is not a finite number, against the ${kind} ${limit}.`;
    return refused("not-finite", reason, { ...facts, value: String(value) });
  }
  const inside = kind === "floor" ? value >= limit : value <= limit;
  const margin = marginOf(value, limit, kind === "floor" ? "above" : "below");
  const measured = { ...facts, value, margin };
  if (inside) {
    const reason = `${version} has ${metric} ${beside(value, limit)}, within the ${kind} ${limit} (margin ${margin}).`;
    return passed(reason, measured);
  }
  const [code, where] = kind === "floor" ? ["below-floor", "below"] : ["above-ceiling", "above"];
  const reason = `${version} has ${metric} ${beside(value, limit)}, ${where} the ${kind} ${limit} (margin ${margin}).`;
  return refused(code, reason, measured);
}
