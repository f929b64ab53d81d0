import type { Evidence } from "../../registry/evidence";
import { provenancePredicate, type TrainingFacts } from "../../trust/provenance";
import { modelSubject } from "../../trust/statement";
import { compliantEvidence, digestOf, pin } from "./evidence";
import { signedLine, type TestKey, testKey } from "./signing";

/** Ann trains, and her key signs training and evidence. */
export const annKey = testKey("ann");

/** What Ann signs of a training that made a version with this lineage. */
export function trainingOf(
  { lineage }: Pick<Evidence, "lineage"> = compliantEvidence(),
): TrainingFacts {
  return {
    stack: "staging",
    command: ["python", "train.py"],
    parameters: lineage.parameters,
    data: "data/staging/train.csv",
    dataVersion: lineage.dataVersion!,
    trainingDataDigest: lineage.trainingDataDigest!,
    evaluationDataDigest: digestOf("d"),
    requirementsDigest: digestOf("5"),
    promotedFrom: null,
    author: lineage.author,
    gitCommit: lineage.gitCommit,
    gitDirty: lineage.gitDirty,
    keyId: annKey.keyId,
    tollgate: "0.1.0",
    runId: lineage.runId!,
    startedAt: "2026-01-31T11:00:00Z",
    finishedAt: "2026-01-31T11:30:00Z",
  };
}

/** The provenance that says so, signed; `subjects` other than the pin where nobody should write them. */
export function provenanceOf(
  changes: Partial<TrainingFacts> = {},
  key: TestKey = annKey,
  subjects = [modelSubject(pin)],
): string {
  const facts = { ...trainingOf(), keyId: key.keyId, ...changes };
  return signedLine(key, "training", provenancePredicate(facts), subjects);
}
