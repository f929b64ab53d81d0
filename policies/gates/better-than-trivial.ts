import { z } from "zod";
import { beside, label, marginOf, noEvidence, passed, plain, refused } from "../finding";
import { type Candidate, defineGate, type Finding } from "../gate";
import { missingClass } from "../classes";
import { difference, notNegative, numberProblem, share } from "../measured";
import { minimumRowsSetting, significanceSetting, tooFewRows } from "../support";
import { eachTarget } from "../targets";
import type { Evidence } from "../../registry/evidence";
import { numberCodes } from "../codes";
import { usualLevels } from "../levels";
import { withDefault } from "../setting";

const settings = z.strictObject({
  margin: withDefault(
    z.number().min(0),
    0,
    "How much better it must be at least: in balanced accuracy, or in the label's own unit for the rmse of a regression.",
  ),
  significance: significanceSetting(
    "How often answers that have nothing to do with the rows may pass by chance, 0 to 0.5.",
  ),
  minimumRows: minimumRowsSetting(
    "Fewer distinct rows than these are refused for a regression; the tests of classes are exact on any.",
  ),
  everyClass: withDefault(
    z.boolean(),
    true,
    "Must every class have evaluation rows and be predicted? false: only those that the rows have are judged.",
  ),
});

type Settings = z.output<typeof settings>;
type Trivial = NonNullable<Evidence["trivial"]>;

const metrics = {
  "balanced-accuracy": { words: "balanced accuracy", range: share },
  rmse: { words: "rmse", range: notNegative },
} as const satisfies Record<Trivial["metric"], object>;

const tests = {
  "fisher-exact": "Fisher's exact test",
  permutation: "permutation test",
  "paired-bootstrap": "paired bootstrap",
} as const satisfies Record<Trivial["test"], string>;

/**
 * Refuses a pin that isn't better than answering always the same, by more than chance explains. Exactly the limits pass.
 *
 * Classes are compared by balanced accuracy, the mean over the classes of the share found, in which every constant has the
 * same: a model that finds a rare class passes, though a constant may have more accuracy.
 */
export const betterThanTrivial = defineGate({
  name: "better-than-trivial",
  description: "The version is better than answering always the same.",
  severity: "high",
  remedy:
    "Train on inputs that tell the classes apart, with weights for the rare ones, or evaluate on more distinct rows of these.",
  source:
    "Compares with the best answer that doesn't look at the rows: balanced accuracy (Brodersen et al., ICPR 2010) by Fisher's exact test (1935) or a permutation test (Ojala and Garriga, JMLR 2010), " +
    "the rmse of a regression with that of the labels' mean by a paired bootstrap (Efron and Tibshirani, 1993), all one-sided on distinct rows. 0.05 is the customary significance; the margin of 0 is Tollgate's own starting point.",
  waivable: true,
  levels: usualLevels,
  byDefault: "on",
  codes: [
    "not-better",
    "class-absent",
    "never-predicted",
    "too-few-rows",
    "not-measured",
    ...numberCodes,
  ],
  settings,
  check: eachTarget((candidate, limits: Settings) => {
    const { evidence, history } = candidate;
    const version = label(candidate.pin);
    if (!evidence) return noEvidence(candidate, "use");
    const { trivial } = evidence;
    if (trivial) return [judgeTrivial(candidate, evidence, trivial, limits)];
    if (history.releasedAt !== null) {
      const reason = `${version} was released to ${candidate.stack} at ${history.releasedAt}, when nobody compared it with a constant answer.`;
      return [passed(reason)];
    }
    const reason = `${version} was not compared with a constant answer on ${evidence.data.path}; run \`tollgate evaluate\` again.`;
    return [refused("not-measured", reason)];
  }),
});

function judgeTrivial(
  candidate: Candidate,
  evidence: Evidence,
  trivial: Trivial,
  { margin: wanted, significance, minimumRows, everyClass }: Settings,
): Finding {
  const version = label(candidate.pin);
  const { data } = evidence;
  const { metric, answer, pValue, rows } = trivial;
  const { words, range } = metrics[metric];
  for (const part of ["candidate", "trivial", "pValue"] as const) {
    const problem = numberProblem(trivial[part], part === "pValue" ? share : range);
    if (!problem) continue;
    const reason = `${version} was compared with a constant by ${words} with a ${part} of ${problem.text}.`;
    return refused(problem.code, reason, { subject: metric, value: problem.value });
  }
  // A bootstrap of a few rows draws nothing but these; the other tests are exact on however few.
  const few =
    trivial.test === "paired-bootstrap"
      ? tooFewRows(candidate, {
          subject: metric,
          what: `${version} was compared with a constant on`,
          rows: data.rowsUsed,
          distinctRows: rows,
          minimum: minimumRows,
          path: data.path,
        })
      : null;
  if (few) return few;
  const lead =
    metric === "rmse"
      ? difference(trivial.trivial, trivial.candidate)
      : difference(trivial.candidate, trivial.trivial);
  const chance = `(p-value ${beside(pValue, significance)} by ${tests[trivial.test]})`;
  const what = `${version} has ${words} ${plain(trivial.candidate)} beside ${plain(trivial.trivial)} of always answering ${answer} on ${data.path}, better by ${beside(lead, wanted)}`;
  const facts = {
    subject: metric,
    value: lead,
    threshold: wanted,
    margin: marginOf(lead, wanted, "above"),
  };
  if (lead < wanted) {
    const reason = `${what}, below the limit ${wanted} (margin ${facts.margin}) ${chance}.`;
    return refused("not-better", reason, facts);
  }
  if (pValue > significance) {
    const margin = marginOf(pValue, significance, "below");
    const reason = `${what}, but chance explains it ${chance}.`;
    return refused("not-better", reason, {
      subject: metric,
      value: pValue,
      threshold: significance,
      margin,
    });
  }
  const missing = everyClass
    ? missingClass(candidate, evidence, `${version} can't be judged by its ${words}`, facts)
    : null;
  if (missing) return missing;
  return passed(`${what}, within the limit ${wanted} (margin ${facts.margin}) ${chance}.`, facts);
}
