import { parseStrictJson } from "../strict/strict-json";
import { refused } from "./finding";
import type { Finding, GateConfigurations, GateLevel, Verdict } from "./gate";
import { metricFloor } from "./gates/metric-floor";
import { byName, judgeNumber, rangeOf } from "./measured";

/** A metric and its limit, such as `{ accuracy: 0.9 }`. */
export interface Limits {
  readonly floors: Readonly<Record<string, number>>;
  readonly ceilings: Readonly<Record<string, number>>;
}

/** Numbers that training says about the version it made, without any evidence. */
export interface Claim {
  readonly runId: string;
  readonly version: string;
  /** By metric, as they were read: anything. */
  readonly metrics: Readonly<Record<string, unknown>>;
}

/** Longest claim that is read, in bytes. */
export const longestClaim = 64 * 1024;

/**
 * Reads what training prints: `{"run_id": …, "accuracy": …, "model_version": …}`, with any further metric.
 *
 * @returns the claim, or in a clause why it is none
 */
export function parseClaim(bytes: Uint8Array): Claim | { readonly unreadable: string } {
  if (Buffer.from(bytes).toString("utf8").trim() === "") return { unreadable: "nothing came" };
  let value: unknown;
  try {
    value = parseStrictJson(bytes, { bytes: longestClaim, depth: 8, values: 1000 });
  } catch (error) {
    return { unreadable: (error as Error).message };
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return { unreadable: "it is not a JSON object" };
  }
  const { run_id: runId, model_version: version, ...metrics } = value as Record<string, unknown>;
  if (typeof runId !== "string" || runId === "") return { unreadable: "it has no run_id" };
  if (!/^[1-9][0-9]*$/.test(String(version))) {
    return { unreadable: "its model_version is no version number" };
  }
  return { runId, version: String(version), metrics };
}

/** The refusal of what isn't even a claim. */
export function refuseUnreadableClaim({ unreadable }: { readonly unreadable: string }): Verdict[] {
  const reason = `What came on stdin can't be judged, ${unreadable}.`;
  return [verdictOf(refused("unreadable", reason), "mandatory")];
}

/**
 * Judges claimed numbers by the limits of metric-floor and by no other gate: a quick check for a pipeline, never a
 * release, which wants measured evidence. A metric with a limit that isn't among them is refused.
 *
 * @param label how the version is named in sentences, such as `churn-model v2`
 * @returns a verdict for each limit; none when there is no limit
 */
export function judgeClaim(
  { metrics }: Claim,
  label: string,
  { floors, ceilings }: Limits,
  level: Exclude<GateLevel, "disabled">,
): Verdict[] {
  const findings = [
    ...byName(floors).map(([metric, floor]) => judgeMetric(metrics, label, metric, floor, "floor")),
    ...byName(ceilings).map(([metric, limit]) =>
      judgeMetric(metrics, label, metric, limit, "ceiling"),
    ),
  ];
  return findings.map((finding) => verdictOf(finding, level));
}

/** The limits and the level of metric-floor in a stack; null where it is disabled. */
export function limitsOf(
  gates: GateConfigurations,
): { limits: Limits; level: Exclude<GateLevel, "disabled"> } | null {
  const configuration = gates[metricFloor.name];
  if (!configuration || configuration.level === "disabled") return null;
  const { floors, ceilings } = metricFloor.settings.parse(configuration.settings);
  return { limits: { floors, ceilings }, level: configuration.level };
}

/** Is it a limit that the metric can have? Accuracy 90 is not. */
export function isLimit(metric: string, limit: number): boolean {
  return metricFloor.settings.safeParse({ floors: { [metric]: limit } }).success;
}

function verdictOf(finding: Finding, level: Verdict["level"]): Verdict {
  return {
    ...finding,
    gate: metricFloor.name,
    level,
    status: finding.passed ? "passed" : "refused",
    remedy: metricFloor.remedy,
    waiver: null,
  };
}

const where = "on stdin";

function judgeMetric(
  metrics: Claim["metrics"],
  label: string,
  metric: string,
  limit: number,
  kind: "floor" | "ceiling",
): Finding {
  if (!Object.hasOwn(metrics, metric)) {
    const reason = `${label} has no metric ${metric} ${where}, which has the ${kind} ${limit}.`;
    return refused("missing", reason, { subject: metric, threshold: limit });
  }
  return judgeNumber({
    subject: metric,
    value: metrics[metric],
    limit,
    kind,
    what: `${label} has ${metric}`,
    where,
    range: rangeOf(metric),
  });
}
