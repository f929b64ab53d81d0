import type { Candidate, Finding } from "./gate";

/**
 * Judges each of several numbers that a regression predicts by itself, as if it were the only one: a mean over them would
 * hide a bad one, and has no unit. A finding's subject and sentence begin with the target's name.
 */
export function eachTarget<S>(
  check: (candidate: Candidate, settings: S) => readonly Finding[],
): (candidate: Candidate, settings: S) => readonly Finding[] {
  return (candidate, settings) => {
    const { evidence } = candidate;
    if (!evidence?.targets) return check(candidate, settings);
    return evidence.targets.flatMap(({ name, comparison, ...measured }) => {
      const compared = evidence.comparison && { ...evidence.comparison, ...comparison };
      const of = { ...evidence, ...measured, comparison: compared };
      return check({ ...candidate, evidence: of }, settings).map((finding) => ({
        ...finding,
        subject: finding.subject === null ? name : `${name} ${finding.subject}`,
        reason: `${name}: ${finding.reason}`,
      }));
    });
  };
}
