import { z } from "zod";
import { approvalRules, countApprovals, type NoRules } from "../approval-rules";
import { count, label, marginOf, noEvidence, passed, refused } from "../finding";
import { type Candidate, defineGate, type Finding } from "../gate";
import { usualLevels } from "../levels";

const settings = z.strictObject({
  required: z
    .int()
    .min(0)
    .max(20)
    .default(0)
    .describe("Different people, not the author, who must have approved exactly this plan."),
  approvers: z
    .array(z.string().trim().min(1))
    .default([])
    .describe(
      "Who may approve, by name in the allowed-signers file. Default: anybody it names for tollgate-approval.",
    ),
});

/** How many approvals that don't count a sentence tells of; the rest is counted. */
const told = 5;

/**
 * Refuses a pin that too few different people have approved, with their own keys, for exactly this version, its bytes,
 * its evidence, this environment and these gates. The author's approval doesn't count, whichever address or key it is
 * given under. Which approval counts is said in `approval-rules.ts`, for `tollgate approve` and `status` as well.
 *
 * A pin that was released here may come back under the approvals of then: neither their plan nor their evidence nor their
 * expiry is looked at, because going back can't wait for people. One that the stack went back from wants approvals that
 * were signed since. It can't be waived: a waiver is one person's line, and this gate is what stops one person.
 */
export const approvals = defineGate({
  name: "approvals",
  description: "Enough people other than the author have approved exactly this plan, signed.",
  severity: "high",
  remedy: "Ask for `tollgate approve` by people other than the author, and commit the approvals.",
  source:
    "Verifies each approval's Ed25519 signature by the allowed-signers and revoked-keys files, and counts people: keys with a common name are one person. How many are required comes from the tier; the model promotion exercise has two people approve for production.",
  waivable: false,
  levels: usualLevels,
  byDefault: { dev: { required: 0 }, staging: { required: 0 }, prod: { required: 2 } },
  codes: ["too-few", "author-unknown", "signers-unreadable"],
  settings,
  check(candidate, { required, approvers }) {
    const version = label(candidate.pin);
    const { stack } = candidate;
    if (required === 0) {
      const reason = `${version} needs no approval for ${stack}.`;
      return [passed(reason, { value: 0, threshold: 0, margin: 0 })];
    }
    const rules = approvalRules(candidate, approvers);
    if ("problem" in rules) return unjudged(candidate, required, rules);
    const { counted, notCounted } = countApprovals(candidate, candidate.approvals, rules);
    const given = counted.length;
    const names = counted.map(({ approval }) => approval.approver).sort();
    const by = given > 0 ? ` (${names.join(", ")})` : "";
    const what = `${version} has ${given} of ${count(required, "approval")} for ${stack}${by}`;
    const margin = marginOf(given, required, "above");
    const facts = { value: given, threshold: required, margin };
    const says = rules.training
      ? ""
      : `; that it is by ${rules.author} is what an unsigned tag says`;
    if (given >= required) return [passed(`${what}${says}.`, facts)];
    const missing = required - given;
    const still = `${missing} ${missing === 1 ? "is" : "are"} missing`;
    return [refused("too-few", `${what}; ${still}${because(notCounted)}.`, facts)];
  },
});

/** The refusal of a version of which no approval can count. */
function unjudged(candidate: Candidate, required: number, rules: NoRules): Finding[] {
  const version = label(candidate.pin);
  const wanted = `the ${count(required, "approval")} for ${candidate.stack} must be of other people`;
  switch (rules.problem) {
    case "no-evidence":
      return noEvidence(candidate, "author");
    case "signers-unreadable": {
      const reason = `${version} has approvals that can't be verified: ${rules.detail} in the allowed-signers file.`;
      return [refused("signers-unreadable", reason, { threshold: required })];
    }
    case "no-author": {
      const reason = `${version} has no recorded author, and ${wanted}.`;
      return [refused("author-unknown", reason, { threshold: required })];
    }
    case "author-unlisted": {
      const { author } = rules;
      const reason = `${version} is by ${author}, whom the allowed-signers file doesn't name, so nobody can be told apart from its author, and ${wanted}; add a line with the author's key.`;
      return [refused("author-unknown", reason, { value: author, threshold: required })];
    }
  }
}

function because(causes: readonly string[]): string {
  if (causes.length === 0) return "";
  const more = causes.length > told ? `; and ${causes.length - told} more` : "";
  return `; not counted: ${causes.slice(0, told).join("; ")}${more}`;
}
