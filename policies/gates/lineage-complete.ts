import { z } from "zod";
import { label, noEvidence, passed, refused } from "../finding";
import { defineGate } from "../gate";
import { lineageOf } from "../training";
import { usualLevels } from "../levels";
import { withDefault } from "../setting";

const settings = z.strictObject({
  allowDirty: withDefault(z.boolean(), false, "Accept a version trained with uncommitted changes."),
});

/** Facts a version must carry, with the words they are named by. */
const required = {
  runId: "run",
  gitCommit: "git commit",
  gitDirty: "state of the working tree",
  author: "author",
  dataVersion: "data version",
  trainingDataDigest: "digest of the training data",
} as const;

/**
 * Refuses a pin that can't be traced to its run, its commit, its author and its data. Names what is missing, and who says
 * so: the one who signed the training, or tags that anybody may have written.
 */
export const lineageComplete = defineGate({
  name: "lineage-complete",
  description: "The version can be traced to its run, its commit, its author and its data.",
  severity: "high",
  remedy:
    "Commit all changes and train with `tollgate train`, which records the lineage; then evaluate and pin that version.",
  source:
    "Reads run, commit, working tree, author and data as `tollgate train` signed them, or recorded them in tags where nobody signed. Which facts are wanted follows the deploy-code-not-models guide: a model that can't be trained again can't be audited.",
  waivable: true,
  levels: usualLevels,
  byDefault: "on",
  codes: ["missing", "dirty", "wrong-type"],
  settings,
  check(candidate, { allowDirty }) {
    if (!candidate.evidence) return noEvidence(candidate, "lineage");
    const version = label(candidate.pin);
    const { lineage, source } = lineageOf(candidate, candidate.evidence);
    const facts = Object.entries(required).map(([fact, words]) => {
      const value: unknown = lineage[fact as keyof typeof required];
      return {
        fact,
        words,
        value,
        missing: typeof value === "string" ? !value.trim() : value == null,
      };
    });
    // A text "false" isn't a clean tree, and a number isn't a commit: somebody wrote them by hand.
    const wrong = facts.find(
      ({ fact, value, missing }) =>
        !missing && typeof value !== (fact === "gitDirty" ? "boolean" : "string"),
    );
    if (wrong) {
      const shown = JSON.stringify(wrong.value) ?? String(wrong.value);
      const wanted = wrong.fact === "gitDirty" ? "true or false" : "a text";
      const reason = `${version} records its ${wrong.words} as ${shown.slice(0, 60)}, which must be ${wanted}.`;
      return [refused("wrong-type", reason, { value: shown.slice(0, 60), threshold: wanted })];
    }
    const missing = facts.filter((each) => each.missing).map(({ words }) => words);
    const dirty = lineage.gitDirty === true && !allowDirty;
    const uncommitted = "was trained with uncommitted changes";
    if (missing.length > 0) {
      const and = dirty ? `, and ${uncommitted}` : "";
      const reason = `${version} doesn't record its ${missing.join(", ")}${and}.`;
      return [refused("missing", reason, { value: missing.join(", ") })];
    }
    if (dirty) {
      const reason = `${version} ${uncommitted} on top of commit ${lineage.gitCommit}${source}.`;
      return [refused("dirty", reason, { value: "dirty", threshold: "clean" })];
    }
    const reason = `${version} is traced to run ${lineage.runId}, commit ${lineage.gitCommit} by ${lineage.author} and data ${lineage.dataVersion}${source}.`;
    return [passed(reason, { value: lineage.gitCommit })];
  },
});
