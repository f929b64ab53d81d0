import type { Evidence } from "../registry/evidence";
import { label, noEvidence, passed, refused, shortDigest } from "./finding";
import type { Candidate, Finding, PinnedVersion } from "./gate";

/** The candidate beside the deployed version, as the evidence has it. */
export type Comparison = NonNullable<Evidence["comparison"]>;

/** Either what the gate shall answer at once, or what it shall judge. */
export type Compared =
  | { readonly findings: Finding[] }
  | { readonly findings: null; readonly evidence: Evidence; readonly comparison: Comparison };

/**
 * The comparison of a candidate with what its stack serves now, for the gates that compare.
 *
 * There is nothing to compare when the stack serves nothing or these very bytes, or when it released them before: coming
 * back is a rollback, which a comparison with its successor must not stop. What the stack serves is told by its own
 * history. A comparison with any other version is refused, because it may have been chosen to look good.
 *
 * @param wanted what the gate judges, as in `has no evidence to judge its quality by`
 */
export function comparisonOf(candidate: Candidate, wanted: string): Compared {
  const { pin, stack, evidence, history } = candidate;
  const { deployed, releasedAt } = history;
  if (!evidence) return { findings: noEvidence(candidate, wanted) };
  const settled = (reason: string): Compared => ({ findings: [passed(reason)] });
  if (deployed === null) {
    return settled(
      `${label(pin)} has nothing to be compared with in its ${wanted}, as ${stack} serves nothing.`,
    );
  }
  if (deployed !== "unknown" && deployed.digest === pin.digest) {
    return settled(
      `${label(pin)} has the bytes that ${stack} serves (${shortDigest(pin.digest)}), so its ${wanted} is the same.`,
    );
  }
  if (releasedAt !== null) {
    return settled(
      `${label(pin)} was released to ${stack} at ${releasedAt}, so its ${wanted} isn't compared again when it comes back.`,
    );
  }

  const { comparison } = evidence;
  if (!comparison) return { findings: [neverCompared(candidate, deployed, wanted)] };
  if (deployed !== "unknown" && comparison.deployed.digest !== deployed.digest) {
    const reason =
      `${label(pin)} was compared in its ${wanted} with ${named(comparison.deployed)}, ` +
      `but ${stack} serves ${named(deployed)}; run \`tollgate evaluate\` again.`;
    const facts = { value: comparison.deployed.digest, threshold: deployed.digest };
    return { findings: [refused("compared-with-another", reason, facts)] };
  }
  return { findings: null, evidence, comparison };
}

function neverCompared(
  { pin, stack }: Candidate,
  deployed: PinnedVersion | "unknown",
  wanted: string,
): Finding {
  const other = deployed === "unknown" ? "the deployed version" : named(deployed);
  const serves = deployed === "unknown" ? "" : `, which ${stack} serves`;
  const reason = `${label(pin)} was not compared in its ${wanted} with ${other}${serves}; run \`tollgate evaluate\` again.`;
  return refused("not-measured", reason, {
    threshold: deployed === "unknown" ? null : deployed.digest,
  });
}

function named(version: PinnedVersion): string {
  return `${label(version)} (${shortDigest(version.digest)})`;
}
