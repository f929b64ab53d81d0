import { z } from "zod";
import type { Evidence } from "../../registry/evidence";
import { count, label, noEvidence, refused } from "../finding";
import { defineGate } from "../gate";
import { judgeNumber, notNegative } from "../measured";
import { numberCodes } from "../codes";
import { usualLevels } from "../levels";
import { withDefault } from "../setting";

const milliseconds = z.number().positive();

const settings = z.strictObject({
  p95Ms: milliseconds.describe(
    "Highest accepted P95 latency of one request to the real scorer, in milliseconds.",
  ),
  p50Ms: milliseconds
    .optional()
    .describe("Highest accepted median latency, in milliseconds. Default: not judged."),
  p99Ms: milliseconds
    .optional()
    .describe("Highest accepted P99 latency, in milliseconds. Default: not judged."),
  concurrency: withDefault(
    z.int().min(1).max(64),
    1,
    "Callers at the same time while it is measured.",
  ),
});

const percentiles = [
  ["p50", "p50Ms"],
  ["p95", "p95Ms"],
  ["p99", "p99Ms"],
] as const;

/** Other work that is worth telling of: what the evaluator takes for a busy machine (`latency.py`). */
const busy = 0.1;

/** On what machine it was measured, where that may have made it worse. */
function besides({ rounds, load }: Evidence["latency"]): string {
  const repeated = typeof rounds === "number" && rounds > 1;
  if (typeof load === "number" && load > busy) {
    const which = repeated ? `, the quietest of ${rounds} rounds,` : "";
    return `${which} while other work took ${Math.round(100 * load)} % of the processors`;
  }
  if (typeof load === "number" || !repeated) return "";
  return `, the middle one of ${rounds} rounds`;
}

/** Refuses a pin whose latency, measured on the real scorer, is above a limit. Exactly the limit passes. */
export const latency = defineGate({
  name: "latency",
  description: "One request to the real scorer is answered within the environment's limits.",
  severity: "high",
  remedy:
    "Pin a faster version, measure again on a quiet machine, or change tollgate:gates.latency in a reviewed change.",
  source:
    "Compares percentiles of the time that the real scorer took for requests of one row over loopback, at a stated number of callers at a time. On a machine where other work takes more than a tenth of the processors it is measured up to five times, and the round with the least other work counts. " +
    "The tiers' limit of 50 ms is that of the model promotion exercise.",
  waivable: true,
  levels: usualLevels,
  byDefault: { dev: null, staging: { p95Ms: 50 }, prod: { p95Ms: 50 } },
  codes: ["above-limit", "measured-otherwise", ...numberCodes],
  settings,
  check(candidate, limits) {
    if (!candidate.evidence) return noEvidence(candidate, "latency");
    const version = label(candidate.pin);
    const measured = candidate.evidence.latency;
    const callers = (number: number) => `${count(number, "caller")} at a time`;
    if (measured.concurrency !== limits.concurrency) {
      const reason = `${version} had its latency measured with ${callers(measured.concurrency)}, but the settings say ${callers(limits.concurrency)}; run \`tollgate evaluate\` again.`;
      const facts = { value: measured.concurrency, threshold: limits.concurrency };
      return [refused("measured-otherwise", reason, { subject: "concurrency", ...facts })];
    }
    const where = `over ${count(measured.requests, "request")} by ${callers(measured.concurrency)}${besides(measured)}`;
    return percentiles.flatMap(([subject, key]) => {
      const limit = limits[key];
      if (limit === undefined) return [];
      const what = `${version} answers with a ${subject.toUpperCase()} latency of`;
      const value: unknown = measured[key];
      const kind = "limit";
      return [
        judgeNumber({
          subject,
          value,
          limit,
          kind,
          what,
          where,
          unit: "ms",
          range: notNegative,
        }),
      ];
    });
  },
});
