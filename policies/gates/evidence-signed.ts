import { z } from "zod";
import { modelSubject } from "../../trust/statement";
import type { EvidencePredicate, Statement } from "../../trust/types";
import { verify } from "../../trust/verify";
import { day, instantOf, isFromTheFuture } from "../clock";
import {
  count,
  label,
  marginOf,
  noEvidence,
  passed,
  plain,
  refused,
  shortDigest,
} from "../finding";
import { type Candidate, defineGate } from "../gate";
import { signatureCodes } from "../codes";
import { levelsOfSigned } from "../levels";
import { withDefault } from "../setting";

const settings = z.strictObject({
  validDays: withDefault(
    z.number().positive().max(3650),
    90,
    "Days for which a signature of evidence counts.",
  ),
});

/**
 * Refuses evidence that no allowed signer has signed for exactly this document and this version, or has signed too long
 * ago. Numbers written by hand, or by an evaluator nobody trusts, end here.
 *
 * It can't be waived: a waiver releases a version that was measured and found wanting, not one nobody answers for.
 */
export const evidenceSigned = defineGate({
  name: "evidence-signed",
  description: "An allowed signer has signed exactly this evidence of exactly this version.",
  severity: "critical",
  remedy:
    "Run `tollgate evaluate` with a key that the environment's allowed-signers file names for tollgate-evidence.",
  source:
    "Verifies the Ed25519 signature of the in-toto statement (DSSE envelope) beside the evidence, by the allowed-signers and revoked-keys files. 90 days is Tollgate's own default: a model judged by older numbers is measured again.",
  waivable: false,
  levels: levelsOfSigned,
  byDefault: "on",
  codes: [...signatureCodes, "signature-for-another", "signature-expired", "from-the-future"],
  settings,
  check(candidate, { validDays }) {
    const { pin, evidence, evidenceSignature, trust } = candidate;
    if (!evidence) return noEvidence(candidate, "signature");
    const version = label(pin);
    const verified = verify(evidenceSignature, "evidence", trust);
    if ("problem" in verified) {
      const { code, reason } = verified.problem;
      return [refused(code, `${version} has evidence whose signature doesn't count: ${reason}.`)];
    }

    const { statement, signer } = verified;
    const who = signer.principals.join(", ");
    const other = differenceOf(candidate, statement);
    if (other) {
      const reason = `${version} has evidence beside a signature by ${who} for something else: ${other.what} ${shortDigest(other.wanted)} isn't what was signed.`;
      return [refused("signature-for-another", reason, { threshold: other.wanted })];
    }

    const { signedAt } = statement.predicate;
    const signed = instantOf(signedAt);
    if (signed === null || isFromTheFuture(signed, candidate)) {
      const reason = `${version} has evidence that ${who} signed at ${signedAt}, later than it is judged, at ${candidate.judgedAt}; set the clock.`;
      return [refused("from-the-future", reason, { value: signedAt })];
    }
    const exact = Math.max(0, (instantOf(candidate.judgedAt) ?? Infinity) - signed) / day;
    // In whole days while it counts: what passes gives the same verdict on every run of a day.
    const age = exact > validDays ? exact : Math.floor(exact);
    const facts = {
      value: plain(age),
      threshold: validDays,
      margin: marginOf(age, validDays, "below"),
    };
    const what = `${version} has evidence that ${who} signed at ${signedAt}, ${plain(age)} days before it was judged`;
    if (age > validDays) {
      const reason = `${what}, and a signature counts for ${count(validDays, "day")} (margin ${facts.margin} days).`;
      return [refused("signature-expired", reason, facts)];
    }
    const reason = `${what}, within the ${count(validDays, "day")} that a signature counts (margin ${facts.margin} days).`;
    return [passed(reason, facts)];
  },
});

/** What the signature should be for and isn't; null when document and version are both its subjects. */
function differenceOf(
  { pin, evidenceDigest }: Candidate,
  { subject }: Statement<EvidencePredicate>,
): { what: string; wanted: string } | null {
  const document = subject.some(({ digest }) => `sha256:${digest.sha256}` === evidenceDigest);
  if (!document) return { what: "the document", wanted: String(evidenceDigest) };
  const { name, digest } = modelSubject(pin);
  const model = subject.some((each) => each.name === name && each.digest.sha256 === digest.sha256);
  return model ? null : { what: name, wanted: pin.digest };
}
