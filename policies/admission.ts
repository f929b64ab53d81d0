import { parseInWords, pathText } from "../config/problems";
import type { AdmissionInputs } from "../provider/inputs";
import { evidenceSchema } from "../registry/evidence";
import { label } from "./finding";
import type { Candidate, EvidenceProblem } from "./gate";

/** Keys of evidence that may be null, by the group they are in; the engine drops nulls on the way. */
const nullableLineage = [
  "runId",
  "experiment",
  "gitCommit",
  "gitDirty",
  "author",
  "dataVersion",
  "trainingDataDigest",
] as const;

/**
 * What the gates judge, from an admission's inputs as the engine hands them on: nulls that were dropped are put back, and
 * evidence is checked against its schema again, so that nothing a program made up reaches a gate.
 */
export function candidateOf(inputs: AdmissionInputs): Candidate {
  const { evidence, problem } = checkedEvidence(inputs);
  return {
    stack: inputs.stack,
    pin: inputs.pin,
    evidence,
    problem,
    registryDigest: inputs.registryDigest ?? null,
    approvals: inputs.approvals ?? [],
    override: inputs.override ?? null,
  };
}

function checkedEvidence({
  pin,
  evidence,
  problem,
}: AdmissionInputs): Pick<Candidate, "evidence" | "problem"> {
  if (!evidence) return { evidence: null, problem: problem ?? null };
  const { data, problems } = parseInWords(evidenceSchema, withNulls(evidence));
  if (!problems) return { evidence: data, problem: null };
  const what = problems.map(({ path, text }) => `${pathText(path)}: ${text}`).join("; ");
  const unreadable: EvidenceProblem = {
    code: "evidence-unreadable",
    reason: `The evidence of ${label(pin)} can't be read (${what}); run \`tollgate evaluate\` again.`,
  };
  return { evidence: null, problem: unreadable };
}

function withNulls(evidence: NonNullable<AdmissionInputs["evidence"]>): unknown {
  const unrecorded = Object.fromEntries(nullableLineage.map((key) => [key, null]));
  return {
    ...evidence,
    signature: evidence.signature ?? null,
    lineage: { ...unrecorded, ...evidence.lineage },
  };
}
