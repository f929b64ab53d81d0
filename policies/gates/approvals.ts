import { z } from "zod";
import type { ApprovalPredicate } from "../../trust/types";
import { verify } from "../../trust/verify";
import { unboundBecause } from "../binding";
import { instantOf, isFromTheFuture } from "../clock";
import { count, label, marginOf, noEvidence, passed, refused, shortDigest } from "../finding";
import { type Candidate, defineGate } from "../gate";
import { nameOf, type People, peopleIn, personOf } from "../people";
import { trainingOf } from "../training";

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
 * given under. The author is whoever signed the training, and whoever git said then wrote the code; where nobody signed,
 * the one whom an unsigned tag names.
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
  settings,
  check(candidate, { required, approvers }) {
    const version = label(candidate.pin);
    const { stack } = candidate;
    if (required === 0) {
      const reason = `${version} needs no approval for ${stack}.`;
      return [passed(reason, { value: 0, threshold: 0, margin: 0 })];
    }
    if (!candidate.evidence) return noEvidence(candidate, "author");
    const people = readPeople(candidate);
    if ("problem" in people) {
      const reason = `${version} has approvals that can't be verified: ${people.problem}.`;
      return [refused("signers-unreadable", reason, { threshold: required })];
    }
    const training = trainingOf(candidate);
    const author: unknown = training
      ? training.signer.principals[0]
      : candidate.evidence.lineage.author;
    const wanted = `the ${count(required, "approval")} for ${stack} must be of other people`;
    if (typeof author !== "string" || nameOf(author) === "") {
      const reason = `${version} has no recorded author, and ${wanted}.`;
      return [refused("author-unknown", reason, { threshold: required })];
    }
    const authorPerson = people.person(author);
    if (authorPerson === null) {
      const reason = `${version} is by ${author}, whom the allowed-signers file doesn't name, so nobody can be told apart from its author, and ${wanted}; add a line with the author's key.`;
      return [refused("author-unknown", reason, { value: author, threshold: required })];
    }
    const authors = new Map([[authorPerson, author]]);
    // A job that trains signs with its own key: whose code it was is what git said then.
    const coder = training?.author ?? null;
    const coderPerson = coder === null ? null : people.person(coder);
    if (coderPerson !== null && !authors.has(coderPerson)) authors.set(coderPerson, coder!);

    const { byPerson, causes } = countApprovals(candidate, { people, authors, approvers });
    const given = byPerson.size;
    const names = given > 0 ? ` (${[...byPerson.values()].sort().join(", ")})` : "";
    const what = `${version} has ${given} of ${count(required, "approval")} for ${stack}${names}`;
    const margin = marginOf(given, required, "above");
    const facts = { value: given, threshold: required, margin };
    const says = training ? "" : `; that it is by ${author} is what an unsigned tag says`;
    if (given >= required) return [passed(`${what}${says}.`, facts)];
    const missing = required - given;
    const still = `${missing} ${missing === 1 ? "is" : "are"} missing`;
    return [refused("too-few", `${what}; ${still}${notCounted(causes)}.`, facts)];
  },
});

/** The approvals that count, each person's once, and why the others don't. */
function countApprovals(
  candidate: Candidate,
  rules: Rules,
): { byPerson: Map<string, string>; causes: string[] } {
  const byPerson = new Map<string, string>();
  const causes: string[] = [];
  for (const line of candidate.approvals) {
    const judged = judgeApproval(candidate, line, rules);
    if ("cause" in judged) {
      causes.push(judged.cause);
      continue;
    }
    const already = byPerson.get(judged.person);
    if (already === undefined) {
      byPerson.set(judged.person, judged.approver);
    } else if (already !== judged.approver) {
      causes.push(`that of ${judged.approver}, who is the same person as ${already}`);
    }
  }
  return { byPerson, causes };
}

interface Rules {
  readonly people: People;
  /** By person, the name under which each counts as its author. */
  readonly authors: ReadonlyMap<string, string>;
  readonly approvers: readonly string[];
}

/** Who approved, or why the approval doesn't count, as in `that of bea@example.com, as it expired at …`. */
function judgeApproval(
  candidate: Candidate,
  line: string,
  { people, authors, approvers }: Rules,
): { person: string; approver: string } | { cause: string } {
  const verified = verify(line, "approval", candidate.trust);
  if ("problem" in verified)
    return { cause: `one of unproven origin, as ${verified.problem.reason}` };
  const { signer, statement } = verified;
  const approval = statement.predicate;
  const approver = approval.approver;
  const cause = (why: string) => ({ cause: `that of ${approver}, ${why}` });

  if (!signer.principals.some((name) => nameOf(name) === nameOf(approver))) {
    return cause(`as it was signed by the key of ${signer.principals.join(", ")}`);
  }
  const other = otherThan(candidate, approval);
  if (other) return cause(`as it approves ${other}`);
  const unbound = unboundBecause(candidate, approval);
  if (unbound) return cause(`as ${unbound}`);
  const untimely = untimeliness(candidate, approval);
  if (untimely) return cause(untimely);
  const person = personOf(people, signer);
  const author = authors.get(person);
  if (author !== undefined) {
    const how = nameOf(approver) === nameOf(author) ? "" : ` ${author} under another name or key`;
    return cause(`who is the author${how}`);
  }
  const may = approvers.map(nameOf);
  if (may.length > 0 && !signer.principals.some((name) => may.includes(nameOf(name)))) {
    return cause(`who isn't among the approvers ${[...approvers].sort().join(", ")}`);
  }
  return { person, approver };
}

/** What it approves instead of this plan; null when it approves exactly this. */
function otherThan(
  { stack, pin, plan, history }: Candidate,
  approval: ApprovalPredicate,
): string | null {
  if (approval.stack !== stack) return `the release to ${approval.stack}`;
  if (approval.model !== pin.name || approval.version !== pin.version) {
    return `${approval.model} v${approval.version}`;
  }
  if (approval.digest !== pin.digest) return `the bytes ${shortDigest(approval.digest)}`;
  if (approval.plan !== plan && history.releasedAt === null) {
    return `the plan ${shortDigest(approval.plan)}, and gates or their settings changed since then to ${shortDigest(plan)}`;
  }
  return null;
}

function untimeliness(candidate: Candidate, { at, expires }: ApprovalPredicate): string | null {
  if (candidate.history.releasedAt !== null) return null;
  const [given, ends, now] = [at, expires, candidate.judgedAt].map(instantOf);
  if (given == null || ends == null || now == null) return "as its times can't be read";
  if (isFromTheFuture(given, candidate)) return `as it was given at ${at}, which is in the future`;
  return now >= ends ? `as it expired at ${expires}` : null;
}

function readPeople({ trust }: Candidate): People | { problem: string } {
  try {
    return peopleIn(trust.signers);
  } catch (error) {
    return { problem: `${(error as Error).message} in the allowed-signers file` };
  }
}

function notCounted(causes: readonly string[]): string {
  if (causes.length === 0) return "";
  const more = causes.length > told ? `; and ${causes.length - told} more` : "";
  return `; not counted: ${causes.slice(0, told).join("; ")}${more}`;
}
