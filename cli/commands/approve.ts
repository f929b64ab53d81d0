import type { FetchedCandidate } from "../../admission/candidate";
import type { Settings } from "../../config/settings";
import { nameOfPin } from "../../history/pin-name";
import type { NoRules, Objection } from "../../policies/approval-rules";
import type { PinnedVersion } from "../../policies/gate";
import type { ApprovalPredicate } from "../../trust/types";
import { operationsOf } from "../../runtimes";
import { optionDefaults } from "../defaults";
import { CliError } from "../errors";
import { type Identity, identify, lifetime, sign } from "../signing/signing";
import { evidenceToSign } from "../signing/waiving";
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
  const milliseconds = lifetime(options.valid ?? optionDefaults.approval, "--valid", longestDays);
  if (!pin) {
    throw new CliError(
      "no-pin",
      `${stack} pins no version, so there is nothing to approve: run \`tollgate pin --stack ${stack}\`.`,
    );
  }
  await operationsOf(settings).requireOwnRegistry(settings);
  const { fetchCandidate } = await import("../../admission/candidate");
  // Its evidence and history are wanted, not a judgement.
  const fetched = (await fetchCandidate(settings, false))!;
  const evidence = evidenceToSign({ candidate: fetched });
  const identity = await identify(settings, options, "approval");
  const { rulesIn } = await import("../signing/approvals");
  const now = new Date();
  // As of the signing: somebody may have looked for a passphrase since the registry was asked.
  const candidate = { ...fetched, judgedAt: fetched.history.releasedAt ?? now.toISOString() };
  const rules = rulesIn(settings, candidate);
  if ("problem" in rules) throw nobodyCan(settings, pin, rules);
  const approval: ApprovalPredicate = {
    approver: identity.name,
    stack,
    model: pin.name,
    version: pin.version,
    digest: pin.digest,
    plan: candidate.plan,
    evidence,
    at: now.toISOString(),
    expires: new Date(now.getTime() + milliseconds).toISOString(),
    ...(options.comment ? { comment: String(options.comment) } : {}),
  };
  const { countApprovals, objectionTo } = await import("../../policies/approval-rules");
  const { personOf } = await import("../../policies/people");
  const objection = objectionTo(candidate, approval, identity.signer, rules);
  if (objection) throw wouldNotCount(settings, pin, objection, identity);
  const { counted } = countApprovals(candidate, candidate.approvals, rules);
  const person = personOf(rules.people, identity.signer);
  const own = counted.find((each) => each.person === person);
  if (own) throw alreadyApproved(candidate, own.approval);
  const envelope = await sign(settings, identity, "approval", approval);
  const { addLine } = await import("../../config/signed-lines");
  addLine(projectDir, "approvals", stack, envelope);
  const approvers = [...counted.map((each) => each.approval.approver), identity.name];
  return {
    document: { stack, approval, keyId: identity.signer.keyId, approvers },
    text: [
      `${identity.name} approved ${nameOfPin(pin)} for ${stack} until ${approval.expires}; approved so far by ${approvers.join(", ")}.`,
      `Bound to the evidence ${evidence} and the plan ${approval.plan}.`,
      `Next: git add approvals/${stack}.jsonl && git commit`,
    ].join("\n"),
  };
};

function nobodyCan({ stack }: Settings, pin: PinnedVersion, rules: NoRules): CliError {
  switch (rules.problem) {
    case "author-unlisted":
      return new CliError(
        "author-unknown",
        `${rules.author} trained ${nameOfPin(pin)} and is no signer of ${stack}, so nobody can be told apart from them: run \`tollgate signer add ${rules.author} --key <file.pub> --for training --stack ${stack}\`.`,
      );
    case "signers-unreadable":
      return new CliError(
        rules.problem,
        `Nobody can approve ${nameOfPin(pin)} for ${stack}: ${rules.detail} in the allowed-signers file.`,
      );
    case "no-author":
    case "no-evidence":
      return new CliError(
        "no-author",
        `Version ${pin.version} of ${pin.name} doesn't record who trained it, so nobody can be told apart from its author: train it with \`tollgate train\`.`,
      );
  }
}

function wouldNotCount(
  { stack }: Settings,
  pin: PinnedVersion,
  { author, clause }: Objection,
  { signer, name }: Identity,
): CliError {
  if (author === undefined) {
    return new CliError(
      "not-counted",
      `This approval would not count in ${stack}, so it isn't signed: it is that of ${name}, ${clause}.`,
    );
  }
  const [approver] = signer.principals;
  const same = approver === author.toLowerCase() ? "" : ` (${approver} is the same person)`;
  return new CliError(
    "author",
    `${author} trained ${nameOfPin(pin)} and can't approve it${same}: ask somebody else.`,
  );
}

function alreadyApproved(
  { stack, pin, history }: FetchedCandidate,
  { approver, expires }: ApprovalPredicate,
): CliError {
  const until =
    history.releasedAt === null
      ? `under this plan for ${stack}, until ${expires}`
      : `for ${stack}, and it was released there: that goes on counting`;
  return new CliError(
    "already-approved",
    `${approver} has already approved ${nameOfPin(pin)} ${until}.`,
  );
}
