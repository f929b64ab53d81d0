import { z } from "zod";
import { label, passed, refused, shortDigest } from "../finding";
import { type Candidate, defineGate, type Finding, type SettingDifference } from "../gate";
import { nameOfRef } from "../review-branch";
import { levelsOfSigned } from "../levels";

/** How many fields are told of one by one; of another tier alone, dozens differ. */
const told = 40;

/**
 * Refuses to judge by settings, signers, waivers or gates that differ from those on the branch that the stack names: what
 * an uncommitted line, another `--config-file` or a flag changed. It is judged at the level that the reviewed settings
 * give it, so that none of these can switch it off.
 *
 * It can't be waived: a waiver is one of the things that have to be reviewed.
 */
export const settingsReviewed = defineGate({
  name: "settings-reviewed",
  description: "What judges is what was reviewed: settings, signers, waivers and gates.",
  source:
    "Compares every setting with its default filled in, the signers, the revoked keys, the waivers and the gates' digest with those of a commit on the branch that tollgate:reviewed names, read from git's objects. It has no threshold.",
  severity: "critical",
  remedy:
    "Have the change reviewed and merged into the branch that tollgate:reviewed names, or take it back. In CI, check out the whole history.",
  waivable: false,
  levels: levelsOfSigned,
  byDefault: "on",
  codes: ["not-reviewed", "review-unknown"],
  notReplayed: true,
  settings: z.strictObject({}),
  leastLevel: ({ review }) => review?.level ?? "disabled",
  check(candidate) {
    const { pin, review } = candidate;
    const version = label(pin);
    if (!review) {
      const reason = `${version} is judged by settings that nobody compared with the reviewed ones.`;
      return [refused("review-unknown", reason)];
    }
    if (review.problem !== null) {
      const reason = `${version} is judged by settings of which nobody can tell whether they were reviewed: ${review.problem}.`;
      return [refused("review-unknown", reason, { value: review.digest })];
    }
    if (review.commit === null) {
      const reason = `${version} is judged by the settings ${shortDigest(review.digest)}, and the stack names no branch where they are reviewed.`;
      return [passed(reason, { value: review.digest })];
    }
    const where = `in ${review.commit.slice(0, 12)} of ${nameOfRef(review.ref ?? "its branch")}`;
    const waits = review.differences.filter((each) => !mayComeLater(candidate, each));
    if (waits.length === 0) {
      const back =
        review.differences.length > 0 ? ", and waivers that going back didn't wait for" : "";
      const reason = `${version} is judged by the settings ${shortDigest(review.digest)}, as they are ${where}${back}.`;
      return [passed(reason, { value: review.digest, threshold: review.commit })];
    }
    return waits
      .slice(0, told)
      .map((each, index) =>
        findingOf(version, each, where, index === told - 1 ? waits.length - told : 0),
      );
  },
});

/**
 * A waiver that a person signed so that a version can come back, which was released here before: going back at night
 * can't wait for a review. It is in the receipt.
 */
function mayComeLater({ history }: Candidate, { field, reviewed }: SettingDifference): boolean {
  return history.releasedAt !== null && field.startsWith("waivers ") && reviewed === null;
}

function findingOf(
  version: string,
  { field, value, reviewed, by }: SettingDifference,
  where: string,
  more: number,
): Finding {
  const who = by === null ? "nobody committed that" : `${by} committed that elsewhere`;
  const others = more > 0 ? `, and ${more} more fields differ` : "";
  const reason = `${version} is judged with ${field} ${value ?? "absent"}, which is ${reviewed ?? "absent"} ${where} (${who})${others}.`;
  const facts = { subject: field, value: value ?? "absent", threshold: reviewed ?? "absent" };
  return refused("not-reviewed", reason, facts);
}
