import { z } from "zod";
import { instantOf, isFromTheFuture } from "../clock";
import { label, noEvidence, passed, refused, shortDigest } from "../finding";
import { defineGate } from "../gate";
import { lineageOf, proofOf } from "../training";
import { signatureCodes } from "../codes";
import { levelsOfSigned } from "../levels";

/**
 * Refuses a version whose training nobody signed who may train here. Without it, who made the version, from which commit
 * and on which data is what tags say, and anybody who can write to the registry writes those.
 *
 * What was released before training was signed may come back; what was proven then has to be proven again. It can't be
 * waived: that would release bytes of which nobody knows where they come from.
 */
export const trainingSigned = defineGate({
  name: "training-signed",
  description:
    "Somebody who may train for this environment has signed how exactly these bytes were made.",
  severity: "critical",
  remedy:
    "Run `tollgate train` with a key that the environment's allowed-signers file names for tollgate-training, then evaluate and pin that version.",
  source:
    "Verifies the Ed25519 signature of the provenance (SLSA v1, an in-toto statement in a DSSE envelope) beside the version's run, by the allowed-signers and revoked-keys files. It must name this version and its digest, or the same bytes in the environment they were copied from. It has no threshold.",
  waivable: false,
  levels: levelsOfSigned,
  byDefault: "on",
  codes: [...signatureCodes, "signature-for-another", "from-the-future"],
  settings: z.strictObject({}),
  check(candidate) {
    const { pin, stack, evidence, provenance, history, judgedAt } = candidate;
    if (!evidence) return noEvidence(candidate, "training");
    const version = label(pin);
    const proof = proofOf(candidate);
    if ("problem" in proof) {
      const { code, reason, threshold } = proof.problem;
      if (provenance === null && history.releasedAt !== null && !history.releasedProven) {
        const why = `${version} was released to ${stack} at ${history.releasedAt}, when nobody had signed its training, so it may come back without.`;
        return [passed(why)];
      }
      const { author } = lineageOf(candidate, evidence).lineage;
      const claims = `so that it is by ${author ?? "nobody it names"}, and made from the commit and data it names, is what unsigned tags say`;
      const what =
        code === "signature-missing"
          ? `${version} has no signed training, ${claims}.`
          : `${version} has a provenance whose signature doesn't count, ${claims}: ${reason}.`;
      return [refused(code, what, threshold === undefined ? {} : { threshold })];
    }
    const { training } = proof;
    const { by, finishedAt, gitCommit, gitDirty, data, trainingDataDigest, copied } = training;
    const finished = instantOf(finishedAt);
    if (finished === null || isFromTheFuture(finished, candidate)) {
      const reason = `${version} has a training that ${by} signed at ${finishedAt}, later than it is judged, at ${judgedAt}; set the clock.`;
      return [refused("from-the-future", reason, { value: finishedAt })];
    }
    const where = copied ? ` in ${training.stack}, as version ${training.version}` : "";
    const commit = gitCommit === null ? "outside of git" : `at commit ${gitCommit}`;
    const changes = gitDirty ? " with uncommitted changes" : "";
    const reason = `${version} was trained by ${by}${where} ${commit}${changes} on ${data} (${shortDigest(trainingDataDigest)}), signed at ${finishedAt}.`;
    return [passed(reason, { value: by })];
  },
});
