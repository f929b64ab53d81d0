import { count, shortDigest } from "../policies/finding";
import type { GateLevel, Review } from "../policies/gate";
import { stricter } from "../policies/levels";
import { nameOfRef } from "../policies/review-branch";
import type { Receipt } from "./receipt";

/** What a stack's last release was compared with: the anchor of the next one. */
export interface LastReview {
  /** Full ref of the branch; null when it isn't known. */
  readonly ref: string | null;
  readonly commit: string | null;
  /** Level of the gate that compared. */
  readonly level: GateLevel;
}

/** A review as a state holds it: parts that are null may be missing. */
type RecordedReview = Pick<Review, "level"> & {
  readonly [K in "ref" | "commit"]?: Review[K] | undefined;
};

/**
 * The anchor by the receipts, else by the admission in the checkpoint; null when there is neither. Branch and commit are
 * those of the last release that had any: a later release without them must not make them forgotten.
 *
 * @param receipts of the stack, oldest first
 * @param recorded the review of the admission that the engine has recorded
 */
export function lastReview(
  receipts: readonly Receipt[],
  recorded: RecordedReview | null | undefined,
): LastReview | null {
  const receipt = receipts.findLast(({ settings }) => settings?.commit);
  const { ref, commit } = receipt?.settings ?? recorded ?? { ref: null, commit: null };
  const before = receipts.at(-1)?.verdicts ?? [];
  const level = before
    .filter(({ gate }) => compared.includes(gate))
    .reduce<GateLevel>((level, each) => stricter(level, each.level), recorded?.level ?? "disabled");
  if (!receipts.length && !recorded) return null;
  return { ref: ref ?? null, commit: commit ?? null, level };
}

/** Names that the gate had in receipts. */
const compared = ["settings-reviewed", "lowering-reviewed"];

/** What previews and receipts keep of a comparison with the reviewed settings. */
export function reviewRecord({
  digest,
  ref,
  commit,
  problem,
  differences,
}: Review): NonNullable<Receipt["settings"]> {
  return { digest, ref, commit, asReviewed: problem === null && differences.length === 0 };
}

/** The same in one line, such as `sha256:0123456789ab, as reviewed in 0123456789ab of origin/main`. */
export function reviewText(record: NonNullable<Receipt["settings"]>, differences?: number): string {
  const { digest, ref, commit, asReviewed } = record;
  const settings = shortDigest(digest);
  if (commit === null) {
    return `${settings}, ${asReviewed ? "with no branch named where they are reviewed" : "compared with nothing"}`;
  }
  const where = `${commit.slice(0, 12)} of ${nameOfRef(ref ?? "")}`;
  if (asReviewed) return `${settings}, as reviewed in ${where}`;
  const how = differences === undefined ? "" : ` in ${count(differences, "field")}`;
  return `${settings}, not as reviewed in ${where}, but different${how}`;
}
