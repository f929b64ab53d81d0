import type { Settings } from "../../config/settings";
import type { PinnedVersion } from "../../policies/gate";
import type { People } from "../../policies/people";
import type { ApprovalPredicate } from "../../trust/types";
import { CliError } from "../errors";
import { nameOfPin } from "../../history/pin-name";
import { provenTraining } from "../provenance";
import { existingVersion, registryOf } from "../registry";
import { identify, lifetime, sign } from "../signing";
import { evidenceToSign } from "../waiving";
import type { Run } from "../verb";

/** Longest time an approval may be given for, in days. */
const longestDays = 365;

/**
 * `tollgate approve`: one signed line in `approvals/<stack>.jsonl`, for exactly the pinned version, its evidence of now and
 * its plan.
 */
export const run: Run = async (context, options) => {
  const settings = await context.settings();
  const { projectDir, stack, pin } = settings;
  const milliseconds = lifetime(options.valid ?? "7d", "--valid", longestDays);
  if (!pin) {
    throw new CliError(
      "no-pin",
      `${stack} pins no version, so there is nothing to approve: run \`tollgate pin --stack ${stack}\`.`,
    );
  }
  const authors = await authorsOf(settings, pin);
  const identity = await identify(settings, options, "approval");
  const people = await peopleOf(settings);
  const approver = identity.signer.principals[0]!;
  for (const author of authors) refuseAuthor(settings, pin, { author, approver, people });
  const { fetchCandidate } = await import("../../admission/candidate");
  // Its evidence and history are wanted, not a judgement.
  const candidate = (await fetchCandidate(settings, false))!;
  const evidence = evidenceToSign({ candidate });
  const now = new Date();
  const { standingApprovals } = await import("../approvals");
  const before = standingApprovals(settings, candidate, now);
  const own = before.find(
    ({ approver, keyId }) =>
      keyId === identity.signer.keyId || people.person(approver) === people.person(identity.name),
  );
  if (own) {
    throw new CliError(
      "already-approved",
      `${own.approver} has already approved ${nameOfPin(pin)} under this plan for ${stack}, until ${own.expires}.`,
    );
  }

  const { planDigest } = await import("../../policies/plan");
  const approval: ApprovalPredicate = {
    approver: identity.name,
    stack,
    model: pin.name,
    version: pin.version,
    digest: pin.digest,
    plan: planDigest(stack, pin, settings.gates),
    evidence,
    at: now.toISOString(),
    expires: new Date(now.getTime() + milliseconds).toISOString(),
    ...(options.comment ? { comment: String(options.comment) } : {}),
  };
  const envelope = await sign(settings, identity, "approval", approval);
  const { addLine } = await import("../../config/signed-lines");
  addLine(projectDir, "approvals", stack, envelope);
  const approvers = [...before.map(({ approver }) => approver), identity.name];
  return {
    document: { stack, approval, keyId: identity.signer.keyId, approvers },
    text: [
      `${identity.name} approved ${nameOfPin(pin)} for ${stack} until ${approval.expires}; approved so far by ${approvers.join(", ")}.`,
      `Bound to the evidence ${evidence} and the plan ${approval.plan}.`,
      `Next: git add approvals/${stack}.jsonl && git commit`,
    ].join("\n"),
  };
};

/** Who signed the training, and whose code git said then it was; without that, the one whom an unsigned tag names. */
async function authorsOf(settings: Settings, pin: PinnedVersion): Promise<string[]> {
  const { versionTags } = await import("../../registry/evidence");
  const client = await registryOf(settings);
  const version = await existingVersion(client, settings, pin.version);
  const training = await provenTraining(settings, client, version, pin);
  if (training) {
    const { signer, author } = training;
    const known = author !== null && (await peopleOf(settings)).person(author) !== null;
    return [signer.principals[0]!, ...(known ? [author] : [])];
  }
  const author = version.tags[versionTags.author];
  if (author) return [author];
  throw new CliError(
    "no-author",
    `Version ${pin.version} of ${pin.name} doesn't record who trained it, so nobody can be told apart from its author: train it with \`tollgate train\`.`,
  );
}

async function peopleOf({ signers }: Settings): Promise<People> {
  const { trustedPeople } = await import("../../config/signers");
  return trustedPeople(signers);
}

/** A second address of the author's, or a second key, is the author's as well. */
function refuseAuthor(
  { stack }: Settings,
  pin: PinnedVersion,
  { author, approver, people }: { author: string; approver: string; people: People },
): void {
  const person = people.person(author);
  if (person === null) {
    throw new CliError(
      "author-unknown",
      `${author} trained ${nameOfPin(pin)} and is no signer of ${stack}, so nobody can be told apart from them: run \`tollgate signer add ${author} --key <file.pub> --for training --stack ${stack}\`.`,
    );
  }
  if (people.person(approver) === person) {
    const same = approver === author.toLowerCase() ? "" : ` (${approver} is the same person)`;
    throw new CliError(
      "author",
      `${author} trained ${nameOfPin(pin)} and can't approve it${same}: ask somebody else.`,
    );
  }
}
