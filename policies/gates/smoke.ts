import { z } from "zod";
import { clause, label, noEvidence, passed, refused } from "../finding";
import { defineGate } from "../gate";

/** Refuses a pin whose bytes did not start and answer in the real scorer when they were evaluated. */
export const smoke = defineGate({
  name: "smoke",
  description: "The real scorer started from the pinned bytes and answered a sample.",
  severity: "critical",
  remedy:
    "Mend what the detail says (often a package missing from the model's requirements), register and evaluate a new version.",
  source:
    "Starts the real scorer from the pinned bytes in the locked Python environment and compares its answers to a sample of evaluation rows with the model's own. It has no threshold: it started and answered, or it did not.",
  waivable: true,
  settings: z.strictObject({}),
  check(candidate) {
    if (!candidate.evidence) return noEvidence(candidate, "smoke test");
    const version = label(candidate.pin);
    const { passed: answered, detail } = candidate.evidence.smoke;
    if (answered === true) return [passed(`${version} passed its smoke test.`)];
    const why = clause(detail, "no detail was recorded");
    return [refused("failed", `${version} failed its smoke test: ${why}.`)];
  },
});
