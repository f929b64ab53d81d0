import { z } from "zod";
import { count, label, marginOf, noEvidence, passed, refused } from "../finding";
import { type Candidate, defineGate } from "../gate";

const settings = z.strictObject({
  required: z
    .int()
    .min(0)
    .max(20)
    .default(0)
    .describe("Different people, not the author, who must have approved exactly this pin."),
});

/**
 * Refuses a pin that too few different people have approved for exactly this stack, model, version and digest.
 * The author's own approval doesn't count; names are compared without regard to case.
 *
 * Not overridable: an override is one person's line, and this gate is what stops one person.
 */
export const approvals = defineGate({
  name: "approvals",
  description: "Enough people other than the author have approved exactly this pin.",
  severity: "high",
  remedy: "Ask for `tollgate approve` by people other than the author, and commit the approvals.",
  overridable: false,
  settings,
  check(candidate, { required }) {
    const version = label(candidate.pin);
    if (required === 0) {
      const reason = `${version} needs no approval for ${candidate.stack}.`;
      return [passed(reason, { value: 0, threshold: 0, margin: 0 })];
    }
    if (!candidate.evidence) return noEvidence(candidate, "author");
    const author = candidate.evidence.lineage.author ?? "";
    if (identity(author) === "") {
      const reason = `${version} has no recorded author, from whom the ${count(required, "approval")} for ${candidate.stack} must differ.`;
      return [refused("unknown-author", reason, { threshold: required })];
    }

    const { counted, byAuthor } = approversOf(candidate, author);
    const given = counted.length;
    const names = counted.length > 0 ? ` (${counted.join(", ")})` : "";
    const what = `${version} has ${given} of ${count(required, "approval")} for ${candidate.stack}${names}`;
    const facts = {
      value: given,
      threshold: required,
      margin: marginOf(given, required, "above"),
    };
    if (given >= required) return [passed(`${what}.`, facts)];
    const missing = required - given;
    const still = `${missing} ${missing === 1 ? "is" : "are"} missing`;
    const own = byAuthor ? `, and that of its author ${author} doesn't count` : "";
    return [refused("too-few", `${what}; ${still}${own}.`, facts)];
  },
});

/** Who approved exactly this pin for this stack: each once, the author apart. */
function approversOf(
  { stack, pin, approvals }: Candidate,
  author: string,
): { counted: string[]; byAuthor: boolean } {
  const byIdentity = new Map<string, string>();
  for (const approval of approvals) {
    const forThisPin =
      approval.stack === stack &&
      approval.model === pin.name &&
      approval.version === pin.version &&
      approval.digest === pin.digest;
    const who = identity(approval.approver);
    if (forThisPin && who !== "" && !byIdentity.has(who)) byIdentity.set(who, approval.approver);
  }
  const byAuthor = byIdentity.delete(identity(author));
  return { counted: [...byIdentity.values()], byAuthor };
}

/** A person as compared: lower case, and of `Name <address>` only the address. */
function identity(person: string): string {
  const address = /<([^<>]+)>\s*$/.exec(person)?.[1] ?? person;
  return address.trim().toLowerCase();
}
