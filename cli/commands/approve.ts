import { CliError } from "../errors";
import { gitEmail } from "../git";
import { nameOfPin, samePin } from "../judgement";
import { registryOf } from "../registry";
import type { Run } from "../verbs";

/** `tollgate approve`: one line in `approvals/<stack>.jsonl`, for exactly the pinned version and digest. */
export const run: Run = async (context, options) => {
  const settings = await context.settings();
  const { projectDir, stack, pin } = settings;
  if (!pin) {
    throw new CliError(
      "no-pin",
      `${stack} pins no version, so there is nothing to approve: run \`tollgate pin --stack ${stack}\`.`,
    );
  }
  const approver = (options.as as string | undefined) ?? gitEmail(projectDir);
  if (!approver) {
    throw new CliError(
      "no-identity",
      "git has no user.email here, so who approves isn't known: give --as <email>.",
    );
  }
  const author = await authorOf(await registryOf(settings), pin);
  if (author.toLowerCase() === approver.toLowerCase()) {
    throw new CliError(
      "author",
      `${approver} trained ${nameOfPin(pin)} and can't approve it: ask somebody else.`,
    );
  }
  const { addApproval, readApprovals } = await import("../../config/approvals");
  const approval = {
    approver,
    stack,
    model: pin.name,
    version: pin.version,
    digest: pin.digest,
    at: new Date().toISOString(),
    ...(options.comment ? { comment: String(options.comment) } : {}),
  };
  if (!addApproval(projectDir, approval)) {
    throw new CliError(
      "already-approved",
      `${approver} has already approved ${nameOfPin(pin)} for ${stack}.`,
    );
  }
  const all = readApprovals(projectDir, stack)
    .filter((each) =>
      samePin({ name: each.model, version: each.version, digest: each.digest }, pin),
    )
    .map((each) => each.approver);
  return {
    document: { stack, approval, approvers: all },
    text: `${approver} approved ${nameOfPin(pin)} for ${stack}; approved so far by ${all.join(", ")}.`,
  };
};

async function authorOf(
  client: Awaited<ReturnType<typeof registryOf>>,
  pin: { name: string; version: string },
): Promise<string> {
  const { versionTags } = await import("../../registry/evidence");
  const { tags } = await client.getModelVersion(pin.name, pin.version);
  const author = tags[versionTags.author];
  if (author) return author;
  throw new CliError(
    "no-author",
    `Version ${pin.version} of ${pin.name} doesn't record who trained it, so nobody can be told apart from its author: train it with \`tollgate train\`.`,
  );
}
