import type { ApprovalPredicate, Signer } from "../trust/types";
import { verify } from "../trust/verify";
import { unboundBecause } from "./binding";
import { instantOf, isFromTheFuture } from "./clock";
import { shortDigest } from "./finding";
import type { Candidate } from "./gate";
import { nameOf, type People, peopleIn, personOf } from "./people";
import { type Training, trainingOf } from "./training";

/** What of a candidate its approvals are judged by. */
export type ApprovedCandidate = Pick<
  Candidate,
  | "stack"
  | "pin"
  | "plan"
  | "evidence"
  | "evidenceDigest"
  | "provenance"
  | "trust"
  | "history"
  | "judgedAt"
  | "replayed"
>;

/** By whom a version may be approved: everybody whom the signers file allows to, but its authors. */
export interface ApprovalRules {
  readonly people: People;
  /** Who signed the training; null where nobody did, and an unsigned tag says who the author is. */
  readonly training: Training | null;
  /** The author that sentences name: who signed the training, or whom the tag names. */
  readonly author: string;
  /** By person, the name under which each counts as an author. */
  readonly authors: ReadonlyMap<string, string>;
  /** Who may approve, by name; empty: anybody. */
  readonly approvers: readonly string[];
}

/** Why nobody's approval of a version can count. */
export type NoRules =
  | { readonly problem: "no-evidence" | "no-author" }
  | { readonly problem: "signers-unreadable"; readonly detail: string }
  | { readonly problem: "author-unlisted"; readonly author: string };

/**
 * The rules for the approvals of a candidate. The author is whoever signed the training, and whoever git said then wrote
 * the code; where nobody signed, the one whom an unsigned tag names, as the evidence has it.
 *
 * @param approvers who may approve, by name in the allowed-signers file. @default anybody it names for approvals
 */
export function approvalRules(
  candidate: ApprovedCandidate,
  approvers: readonly string[] = [],
): ApprovalRules | NoRules {
  if (!candidate.evidence) return { problem: "no-evidence" };
  let people: People;
  try {
    people = peopleIn(candidate.trust.signers);
  } catch (error) {
    return { problem: "signers-unreadable", detail: (error as Error).message };
  }
  const training = trainingOf(candidate);
  const author: unknown = training
    ? training.signer.principals[0]
    : candidate.evidence.lineage.author;
  if (typeof author !== "string" || nameOf(author) === "") return { problem: "no-author" };
  const person = people.person(author);
  if (person === null) return { problem: "author-unlisted", author };
  const authors = new Map([[person, author]]);
  // A job that trains signs with its own key: whose code it was is what git said then.
  const coder = training?.author ?? null;
  const coderPerson = coder === null ? null : people.person(coder);
  if (coderPerson !== null && !authors.has(coderPerson)) authors.set(coderPerson, coder!);
  return { people, training, author, authors, approvers };
}

/** An approval that counts, and whose it is. */
export interface CountedApproval {
  readonly approval: ApprovalPredicate;
  readonly signer: Signer;
  readonly person: string;
}

/** Why an approval doesn't count. `author`: the name of the author who gave it; absent for any other reason. */
export interface Objection {
  /** After `that of <approver>, `: such as `as it expired at …`. */
  readonly clause: string;
  readonly author?: string;
}

/** The approvals that count, each person's first, and why the others don't, as in `that of bea@example.com, as …`. */
export function countApprovals(
  candidate: ApprovedCandidate,
  lines: readonly string[],
  rules: ApprovalRules,
): { counted: CountedApproval[]; notCounted: string[] } {
  const byPerson = new Map<string, CountedApproval>();
  const notCounted: string[] = [];
  for (const line of lines) {
    const verified = verify(line, "approval", candidate.trust);
    if ("problem" in verified) {
      notCounted.push(`one of unproven origin, as ${verified.problem.reason}`);
      continue;
    }
    const { signer, statement } = verified;
    const approval = statement.predicate;
    const objection = objectionTo(candidate, approval, signer, rules);
    if (objection) {
      notCounted.push(`that of ${approval.approver}, ${objection.clause}`);
      continue;
    }
    const person = personOf(rules.people, signer);
    const already = byPerson.get(person)?.approval.approver;
    if (already === undefined) {
      byPerson.set(person, { approval, signer, person });
    } else if (already !== approval.approver) {
      notCounted.push(`that of ${approval.approver}, who is the same person as ${already}`);
    }
  }
  return { counted: [...byPerson.values()], notCounted };
}

/**
 * Why an approval doesn't count that this key signed, or is about to sign; null when it does. Whether the key may sign
 * approvals at all is its signature's matter (`verify`).
 *
 * A version that was released here may come back under the approvals of then: neither their plan nor their evidence nor
 * their expiry is looked at. One that the stack went back from wants approvals that were signed since.
 */
export function objectionTo(
  candidate: ApprovedCandidate,
  approval: ApprovalPredicate,
  signer: Signer,
  { people, authors, approvers }: ApprovalRules,
): Objection | null {
  const { approver } = approval;
  if (!signer.principals.some((name) => nameOf(name) === nameOf(approver))) {
    return { clause: `as it was signed by the key of ${signer.principals.join(", ")}` };
  }
  const other = otherThan(candidate, approval);
  if (other) return { clause: `as it approves ${other}` };
  const unbound = unboundBecause(candidate, approval);
  if (unbound) return { clause: `as ${unbound}` };
  const untimely = untimeliness(candidate, approval);
  if (untimely) return { clause: untimely };
  const author = authors.get(personOf(people, signer));
  if (author !== undefined) {
    const how = nameOf(approver) === nameOf(author) ? "" : ` ${author} under another name or key`;
    return { clause: `who is the author${how}`, author };
  }
  const may = approvers.map(nameOf);
  if (may.length > 0 && !signer.principals.some((name) => may.includes(nameOf(name)))) {
    return { clause: `who isn't among the approvers ${[...approvers].sort().join(", ")}` };
  }
  return null;
}

/** What it approves instead of this plan; null when it approves exactly this. */
function otherThan(
  { stack, pin, plan, history }: ApprovedCandidate,
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

function untimeliness(
  candidate: ApprovedCandidate,
  { at, expires }: ApprovalPredicate,
): string | null {
  if (candidate.history.releasedAt !== null) return null;
  const [given, ends, now] = [at, expires, candidate.judgedAt].map(instantOf);
  if (given == null || ends == null || now == null) return "as its times can't be read";
  if (isFromTheFuture(given, candidate)) return `as it was given at ${at}, which is in the future`;
  return now >= ends ? `as it expired at ${expires}` : null;
}
