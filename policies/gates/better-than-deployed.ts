import { z } from "zod";
import { comparisonOf, type Comparison } from "../deployed";
import { beside, clause, label, marginOf, passed, plain, refused } from "../finding";
import { defineGate, type Finding } from "../gate";
import { difference, numberProblem, onRows, rangeOf, share } from "../measured";
import { minimumRowsSetting, significanceSetting, tooFewRows } from "../support";
import { eachTarget } from "../targets";
import type { Evidence } from "../../registry/evidence";
import { comparisonCodes, numberCodes } from "../codes";
import { usualLevels } from "../levels";
import { withDefault } from "../setting";

const settings = z.strictObject({
  metric: z
    .enum(["accuracy", "precision", "recall", "f1", "r2", "mae", "rmse"])
    .optional()
    .describe("What the two are compared by. Default accuracy, or rmse for a regression."),
  margin: withDefault(z.number().min(0), 0, "How much worse it may be, in the metric's own unit."),
  significance: significanceSetting(
    "How often chance alone may have a version refused that is as good, 0 to 0.5.",
  ),
  uncertainty: withDefault(
    z.number().min(0),
    0.05,
    "How much worse than the margin it might still be for all the rows tell, in the metric's own unit.",
  ),
  minimumRows: minimumRowsSetting(),
});

type Settings = z.output<typeof settings>;
type Quality = NonNullable<Comparison["quality"]>;

const tests = {
  "mcnemar-exact": "McNemar's exact test",
  "paired-bootstrap": "paired bootstrap",
} as const satisfies Record<Quality["test"], string>;

/**
 * Refuses a pin that is worse than what the stack serves, measured on the same rows, by more than a margin and by more
 * than chance explains. Exactly the limits pass.
 *
 * A comparison on so few rows that a bad loss can't be ruled out is refused as well: noise neither blocks nor passes.
 */
export const betterThanDeployed = defineGate({
  name: "better-than-deployed",
  description: "The version is not worse than the one the stack serves, on the same rows.",
  severity: "high",
  remedy:
    "Pin a better version, evaluate on more rows when too few could tell, or change tollgate:gates.better-than-deployed in a reviewed change.",
  source:
    "Compares two versions on the same rows: accuracy by McNemar's exact test (McNemar, 1947), other metrics by a paired bootstrap (Efron and Tibshirani, 1993), both one-sided. " +
    "Each distinct row counts once, and a loss that so many rows can't rule out stands: exactly where the two agree on all (Clopper and Pearson, 1934). " +
    "0.05 is the customary significance; the margin of 0 and the uncertainty of 0.05 are Tollgate's own starting points.",
  waivable: true,
  levels: usualLevels,
  byDefault: "on",
  codes: [
    "worse",
    "undecided",
    "too-few-rows",
    "not-comparable",
    "measured-otherwise",
    ...comparisonCodes,
    ...numberCodes,
  ],
  settings,
  check: eachTarget((candidate, limits: Settings) => {
    const compared = comparisonOf(candidate, "quality");
    if (compared.findings) return compared.findings;
    const { comparison, evidence } = compared;
    const version = label(candidate.pin);
    const deployed = `the deployed ${label(comparison.deployed)}`;
    const metric = limits.metric ?? (evidence.task === "regression" ? "rmse" : "accuracy");
    const on = `on ${evidence.data.path}`;
    if (comparison.problem !== null) {
      const why = clause(comparison.problem, "no reason was recorded");
      const reason = `${version} can't be compared in its ${metric} with ${deployed} ${on}: ${why}.`;
      return [refused("not-comparable", reason, { subject: metric })];
    }
    const { quality } = comparison;
    if (!quality) {
      const reason = `${version} has no ${metric} compared with ${deployed} ${on}; run \`tollgate evaluate\` again.`;
      return [refused("not-measured", reason, { subject: metric })];
    }
    const finding =
      measuredOtherwise(version, quality, metric, limits) ??
      unusable(version, quality, metric) ??
      tooFewRows(candidate, {
        subject: metric,
        what: `${version} was compared by its ${metric} with ${deployed} on`,
        rows: quality.rows,
        distinctRows: quality.distinctRows,
        minimum: limits.minimumRows,
        path: evidence.data.path,
      }) ??
      judgeQuality(version, deployed, evidence, quality, limits);
    return [finding];
  }),
});

function measuredOtherwise(
  version: string,
  quality: Quality,
  metric: string,
  { significance }: Settings,
): Finding | null {
  const differing = (what: string, value: string | number, wanted: string | number) => {
    const reason = `${version} was compared by ${what} ${value}, but the settings say ${wanted}; run \`tollgate evaluate\` again.`;
    return refused("measured-otherwise", reason, { subject: what, value, threshold: wanted });
  };
  if (quality.metric !== metric) return differing("metric", quality.metric, metric);
  if (quality.significance !== significance) {
    return differing("significance", quality.significance, significance);
  }
  return null;
}

function unusable(version: string, quality: Quality, metric: string): Finding | null {
  const ranges = {
    candidate: rangeOf(metric),
    deployed: rangeOf(metric),
    loss: undefined,
    lossAtMost: undefined,
    pValue: share,
  } as const;
  for (const part of Object.keys(ranges) as (keyof typeof ranges)[]) {
    const problem = numberProblem(quality[part], ranges[part]);
    if (!problem) continue;
    const reason = `${version} was compared by ${metric} with a ${part} of ${problem.text}.`;
    return refused(problem.code, reason, { subject: metric, value: problem.value });
  }
  return null;
}

function judgeQuality(
  version: string,
  deployed: string,
  { data }: Evidence,
  quality: Quality,
  { margin, significance, uncertainty }: Settings,
): Finding {
  const { metric, pValue } = quality;
  // Computed from the two values, so that no document can claim a loss that they don't have.
  const lowerIsBetter = metric === "mae" || metric === "rmse";
  const loss = lowerIsBetter
    ? difference(quality.candidate, quality.deployed)
    : difference(quality.deployed, quality.candidate);
  const beyond = `(p-value ${beside(pValue, significance)} by ${tests[quality.test]})`;
  const what = `${version} has ${metric} ${plain(quality.candidate)} beside ${plain(quality.deployed)} of ${deployed} on ${onRows(quality.rows, data.path)}`;

  if (loss > margin && pValue < significance) {
    const facts = { value: loss, threshold: margin, margin: marginOf(loss, margin, "below") };
    const reason = `${what}, worse by ${beside(loss, margin)}, above the limit ${margin} (margin ${facts.margin}), and chance does not explain it ${beyond}.`;
    return refused("worse", reason, { subject: metric, ...facts });
  }
  // An upper bound can't lie below the loss itself, whatever the document says.
  const lossAtMost = Math.max(loss, quality.lossAtMost);
  const most = difference(margin, -uncertainty);
  const facts = {
    subject: metric,
    value: lossAtMost,
    threshold: most,
    margin: marginOf(lossAtMost, most, "below"),
  };
  const might = `worse by at most ${beside(lossAtMost, most)} at significance ${significance}`;
  if (lossAtMost > most) {
    const reason = `${what}, ${might}, above the limit ${most} (margin ${facts.margin}): too few rows to tell ${beyond}.`;
    return refused("undecided", reason, facts);
  }
  return passed(
    `${what}, ${might}, within the limit ${most} (margin ${facts.margin}) ${beyond}.`,
    facts,
  );
}
