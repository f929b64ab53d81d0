import { z } from "zod";
import type { Evidence } from "../../registry/evidence";
import { clockSlackMinutes, instantOf, isFromTheFuture } from "../clock";
import { count, label, marginOf, noEvidence, passed, refused, shortDigest } from "../finding";
import { type Candidate, defineGate, type Finding } from "../gate";
import { nameOf } from "../people";
import { differenceOfTerms } from "../terms";
import { contradictions, lineageOf, trainingOf } from "../training";
import { usualLevels } from "../levels";
import { withDefault } from "../setting";

const settings = z.strictObject({
  authors: z
    .array(z.string().trim().min(1))
    .default([])
    .describe(
      "Who may have trained the version, by name in the allowed-signers file. Default: anybody.",
    ),
  sharedRows: withDefault(z.int().min(0), 0, "How many evaluation rows may also be training rows."),
  modelSigningKey: z
    .string()
    .min(1)
    .optional()
    .describe(
      "File with the ECDSA public key (PEM) by which a signature that the version carries must be, seen from the project folder. Default: its manifest is checked, not its signer.",
    ),
});

type Settings = z.output<typeof settings>;

/**
 * Refuses evidence that doesn't come from where it must come from: another file of evaluation data than the stack names
 * now, another class or column of the answer than it names, rows the model was trained on, an author who isn't allowed, tags that contradict what was signed of the training,
 * a clock that can't be right, or a broken signature of the model's own.
 *
 * The author is whoever signed the training, and the training data is what they signed. Where nobody did, both are what
 * unsigned tags say, and the verdict says so; training-signed judges whether that is enough.
 *
 * That the commit is recorded and the tree was clean is what lineage-complete judges. It can't be waived: numbers of
 * unknown origin are no reason to release anything.
 */
export const provenance = defineGate({
  name: "provenance",
  description:
    "The evidence was measured on the evaluation data in force, on rows the model never saw, of an allowed author's version whose tags say what was signed, by a clock that is right.",
  severity: "critical",
  remedy:
    "Run `tollgate evaluate` again with the stack's own evaluation data, at a commit and by an author the settings allow, on a machine whose clock is right.",
  source: `Compares digests of the evaluation and training data, counts evaluation rows that are also training rows by a hash of the whole row, and compares times with the latest receipt. No shared row is the rule of every held-out test; clocks may differ by ${clockSlackMinutes} minutes.`,
  waivable: false,
  levels: usualLevels,
  byDefault: "on",
  codes: [
    "evaluated-on-other-data",
    "evaluation-data-unknown",
    "author-unknown",
    "author-not-allowed",
    "leakage",
    "leakage-not-measured",
    "training-contradicted",
    "training-data-differs",
    "from-the-future",
    "clock-set-back",
    "model-signature-invalid",
    "measured-otherwise",
    "wrong-type",
  ],
  settings,
  check(candidate, settings) {
    const { evidence } = candidate;
    if (!evidence) return noEvidence(candidate, "provenance");
    return [
      judgeData(candidate, evidence),
      ...judgeTerms(candidate, evidence),
      judgeAuthor(candidate, evidence, settings),
      judgeTags(candidate, evidence),
      judgeLeakage(candidate, evidence, settings),
      judgeClock(candidate, evidence),
      judgeModelSignature(candidate, evidence, settings),
    ];
  },
});

function judgeData({ pin, evaluationDigest }: Candidate, { data }: Evidence): Finding {
  const version = label(pin);
  const facts = { subject: "data", value: data.digest, threshold: evaluationDigest };
  const measured = `${version} was measured on ${count(data.rows, "row")} of ${data.path} (${shortDigest(data.digest)})`;
  if (!evaluationDigest) {
    const reason = `${measured}, and the evaluation data in force isn't at hand to compare it with; put the file in its place, or set tollgate:evaluation.digest.`;
    return refused("evaluation-data-unknown", reason, facts);
  }
  if (data.digest !== evaluationDigest) {
    const reason = `${measured}, but the evaluation data in force is ${shortDigest(evaluationDigest)}.`;
    return refused("evaluated-on-other-data", reason, facts);
  }
  return passed(`${measured}, the evaluation data in force.`, facts);
}

/** Nothing where the answers were measured as the settings say: most evidence has no more than one way. */
function judgeTerms(candidate: Candidate, evidence: Evidence): Finding[] {
  const { pin, terms, history } = candidate;
  if (!terms || history.releasedAt !== null) return [];
  const difference = differenceOfTerms(terms, evidence);
  if (!difference) return [];
  const { setting, value, wanted } = difference;
  const reason = `${label(pin)} was measured with ${value} for tollgate:evaluation.${setting}, but the settings say ${wanted}; run \`tollgate evaluate\` again.`;
  const facts = { subject: setting, value, threshold: wanted };
  return [refused("measured-otherwise", reason, facts)];
}

function judgeAuthor(candidate: Candidate, evidence: Evidence, { authors }: Settings): Finding {
  const version = label(candidate.pin);
  const training = trainingOf(candidate);
  const author: unknown = training ? training.by : evidence.lineage.author;
  const known = typeof author === "string" && author.trim() !== "";
  const says = training ? "" : ", says an unsigned tag";
  if (authors.length === 0) {
    const by = known ? `is by ${author}${says}` : "records no author";
    return passed(`${version} ${by}, and any author is allowed.`, { subject: "author" });
  }
  const allowed = [...authors].sort().join(", ");
  const facts = { subject: "author", threshold: allowed };
  if (!known) {
    const reason = `${version} records no author, who must be one of ${allowed}.`;
    return refused("author-unknown", reason, facts);
  }
  const names = (training?.signer.principals ?? [author]).map(nameOf);
  if (!authors.some((each) => names.includes(nameOf(each)))) {
    const reason = `${version} is by ${author}${says}, who isn't one of ${allowed}.`;
    return refused("author-not-allowed", reason, { ...facts, value: author });
  }
  return passed(`${version} is by ${author}${says}, who is allowed.`, { ...facts, value: author });
}

function judgeTags(candidate: Candidate, evidence: Evidence): Finding {
  const version = label(candidate.pin);
  const facts = { subject: "tags" };
  const training = trainingOf(candidate);
  if (!training) {
    const reason = `${version} has a lineage that unsigned tags say, with nothing that counts to compare it with.`;
    return passed(reason, facts);
  }
  const [first, ...more] = contradictions(training, evidence);
  if (!first) return passed(`${version} has the lineage that ${training.by} signed.`, facts);
  const { what, tagged, signed } = first;
  const also =
    more.length > 0 ? ` (so do they of its ${more.map((each) => each.what).join(", ")})` : "";
  const reason = `${version} has tags that say ${tagged} of its ${what}, but ${training.by} signed ${signed}${also}; find out who wrote the tags, train it again, or put them right and evaluate it again.`;
  return refused("training-contradicted", reason, { ...facts, value: tagged, threshold: signed });
}

function judgeLeakage(candidate: Candidate, evidence: Evidence, settings: Settings): Finding {
  const version = label(candidate.pin);
  const { leakage, data } = evidence;
  const { lineage, source } = lineageOf(candidate, evidence);
  const limit = settings.sharedRows;
  const facts = { subject: "leakage", threshold: limit };
  if (!leakage) {
    const reason = `${version} was evaluated without its training data, so nobody knows whether it was trained on rows of ${data.path}; evaluate it where the training data is.`;
    return refused("leakage-not-measured", reason, facts);
  }
  const { trainingData, evaluationRows, sharedRows } = leakage;
  const wrong = [sharedRows, evaluationRows, trainingData.rows].find((rows) => !isCount(rows));
  if (wrong !== undefined) {
    const shown = String(wrong);
    const reason = `${version} has a count of ${shown} rows in its search for shared rows, which is not a whole number.`;
    return refused("wrong-type", reason, { ...facts, value: shown });
  }
  if (trainingData.digest !== lineage.trainingDataDigest) {
    const trained = lineage.trainingDataDigest
      ? `was trained on ${shortDigest(lineage.trainingDataDigest)}${source}`
      : "records no training data";
    // Bytes that come from another environment were trained on that one's data.
    const mend = lineage.trainingDataDigest
      ? "; evaluate it again where the data it was trained on is at hand, as tollgate:train.data of this stack or of another one of the project"
      : "";
    const reason = `${version} ${trained}, but shared rows were looked for in ${trainingData.path} (${shortDigest(trainingData.digest)})${mend}.`;
    return refused("training-data-differs", reason, {
      ...facts,
      value: trainingData.digest,
      threshold: lineage.trainingDataDigest,
    });
  }
  // Fewer rows than were measured would leave some out of the search.
  if (evaluationRows < Math.max(1, data.rowsUsed) || trainingData.rows === 0) {
    const reason = `${version} was measured on ${count(data.rowsUsed, "row")} of ${data.path}, but ${count(evaluationRows, "row")} of it were looked for in the ${count(trainingData.rows, "row")} of ${trainingData.path}; evaluate it again.`;
    return refused("leakage-not-measured", reason, facts);
  }
  const margin = marginOf(sharedRows, limit, "below");
  const measured = { ...facts, value: sharedRows, margin };
  const which = whichRows(leakage);
  const what = `${version} was trained on ${sharedRows} of the ${count(evaluationRows, "row")} of ${data.path}${which}, told by the ${count(trainingData.rows, "row")} of ${trainingData.path} that it was trained on${source}`;
  if (sharedRows > limit) {
    const remedy = `Take the shared rows out of ${trainingData.path} and train again, or out of ${data.path} and evaluate again; where rows that are alike are different cases, as with few columns, allow them by tollgate:gates.provenance.sharedRows: ${sharedRows} in a reviewed change.`;
    const reason = `${what}, above the limit ${limit} (margin ${margin}).`;
    return refused("leakage", reason, { ...measured, remedy });
  }
  return passed(`${what}, within the limit ${limit} (margin ${margin}).`, measured);
}

/** Which rows are shared, in brackets; nothing where the evidence doesn't say. */
function whichRows({ sharedRows, firstRows }: NonNullable<Evidence["leakage"]>): string {
  if (!Array.isArray(firstRows) || firstRows.length === 0) return "";
  const more = sharedRows - firstRows.length;
  const rest = more > 0 ? ` and ${more} more` : "";
  return ` (${sharedRows === 1 ? "row" : "rows"} ${firstRows.join(", ")}${rest}, from 1, a header not counted)`;
}

function isCount(rows: unknown): boolean {
  return Number.isSafeInteger(rows) && (rows as number) >= 0;
}

function judgeClock(candidate: Candidate, { evaluator }: Evidence): Finding {
  const { pin, history, judgedAt } = candidate;
  const version = label(pin);
  const { evaluatedAt } = evaluator;
  const facts = { subject: "clock", value: evaluatedAt, threshold: judgedAt };
  const times = [
    evaluatedAt,
    judgedAt,
    ...(history.latestReceiptAt ? [history.latestReceiptAt] : []),
  ];
  const wrong = times.find((time) => instantOf(time) === null);
  if (wrong !== undefined) {
    const reason = `${version} can't be judged by the time ${JSON.stringify(wrong)}, which isn't one in UTC such as 2026-01-31T12:00:00Z.`;
    return refused("wrong-type", reason, { ...facts, value: String(wrong) });
  }
  if (isFromTheFuture(instantOf(evaluatedAt)!, candidate)) {
    const reason = `${version} was measured at ${evaluatedAt}, more than ${clockSlackMinutes} minutes later than it is judged, at ${judgedAt}; set the clock that is wrong.`;
    return refused("from-the-future", reason, facts);
  }
  const latest = instantOf(history.latestReceiptAt);
  // A way back is judged as of its release, so that it gains nothing by a wrong clock and needn't wait for a right one.
  if (history.releasedAt === null && latest !== null && instantOf(judgedAt)! < latest) {
    const reason = `${version} is judged at ${judgedAt}, earlier than the latest receipt, at ${history.latestReceiptAt}; this machine's clock was set back, set it right, or wait until then if that receipt's was ahead.`;
    return refused("clock-set-back", reason, {
      ...facts,
      value: judgedAt,
      threshold: history.latestReceiptAt,
    });
  }
  // Without the time of judging: what passes gives the same verdict on every run.
  const reason = `${version} was measured at ${evaluatedAt}, which isn't in the future.`;
  return passed(reason, { subject: "clock", value: evaluatedAt });
}

function judgeModelSignature(
  { pin }: Candidate,
  { modelSignature }: Evidence,
  { modelSigningKey }: Settings,
): Finding {
  const version = label(pin);
  const facts = { subject: "model-signature" };
  if (!modelSignature) {
    return passed(`${version} carries no signature of its own files, which isn't required.`, facts);
  }
  const { path, status, detail } = modelSignature;
  const wanted = modelSigningKey === undefined ? "valid" : "verified";
  const measured = { ...facts, value: status, threshold: wanted };
  if (status === "verified" || status === wanted) {
    return passed(
      `${version} has a signature of its own files, ${path}, that is ${status}.`,
      measured,
    );
  }
  if (status === "valid") {
    const reason = `${version} has a signature of its own files, ${path}, that wasn't checked against the key ${modelSigningKey}; evaluate it again.`;
    return refused("measured-otherwise", reason, measured);
  }
  const why = detail.trim().replace(/\.$/, "") || "no detail was recorded";
  const reason = `${version} has a signature of its own files, ${path}, that is ${String(status)}: ${why}.`;
  return refused("model-signature-invalid", reason, measured);
}
