import { z } from "zod";
import { beside, label, marginOf, noEvidence, passed, refused } from "../finding";
import { defineGate } from "../gate";

const settings = z.strictObject({
  p95Ms: z
    .number()
    .positive()
    .describe("Highest accepted P95 latency of one request to the real scorer, in milliseconds."),
});

/** Refuses a pin whose P95 latency, measured on the real scorer, is above the limit. Exactly the limit passes. */
export const latency = defineGate({
  name: "latency",
  description: "One request to the real scorer is answered within the environment's P95 limit.",
  severity: "high",
  remedy:
    "Pin a faster version, measure again on a quiet machine, or change tollgate:gates.latency.p95Ms in a reviewed change.",
  overridable: true,
  settings,
  check(candidate, { p95Ms }) {
    if (!candidate.evidence) return noEvidence(candidate, "latency");
    const version = label(candidate.pin);
    const value: unknown = candidate.evidence.latency.p95Ms;
    const facts = { subject: "p95", threshold: p95Ms };
    if (typeof value !== "number" || !Number.isFinite(value)) {
      const reason = `${version} has a P95 latency of ${String(value)}, which is not a finite number, against the limit ${p95Ms} ms.`;
      return [refused("not-finite", reason, { ...facts, value: String(value) })];
    }
    const margin = marginOf(value, p95Ms, "below");
    const measured = { ...facts, value, margin };
    const what = `${version} answers with a P95 latency of ${beside(value, p95Ms)} ms`;
    if (value <= p95Ms) {
      return [passed(`${what}, within the limit ${p95Ms} ms (margin ${margin} ms).`, measured)];
    }
    const reason = `${what}, above the limit ${p95Ms} ms (margin ${margin} ms).`;
    return [refused("above-limit", reason, measured)];
  },
});
