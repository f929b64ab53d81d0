import { z } from "zod";
import { missingClass } from "../classes";
import { count, label, noEvidence, refused } from "../finding";
import { type Candidate, defineGate, type Finding } from "../gate";
import { judgeNumber, share } from "../measured";
import { minimumRowsSetting, tooFewRows } from "../support";
import type { Evidence } from "../../registry/evidence";
import { numberCodes } from "../codes";
import { usualLevels } from "../levels";
import { withDefault } from "../setting";

const difference = (meaning: string) => withDefault(z.number().min(0).max(1), 0.1, meaning);

const settings = z.strictObject({
  columns: z
    .array(z.string().min(1))
    .min(1)
    .describe("Sensitive columns of the evaluation data. The model needn't take them as inputs."),
  demographicParityDifference: difference(
    "Highest accepted difference between two groups' shares of positive predictions, 0 to 1.",
  ),
  equalizedOddsDifference: difference(
    "Highest accepted difference between two groups' true or false positive rates, 0 to 1.",
  ),
  disparateImpact: withDefault(
    z.number().min(0).max(1),
    0.8,
    "Lowest accepted ratio of the smallest share of positive predictions to the largest, 0 to 1.",
  ),
  minimumRows: minimumRowsSetting("A group with fewer distinct rows than these is refused."),
});

const measures = [
  ["demographicParityDifference", "a demographic parity difference", "limit"],
  ["equalizedOddsDifference", "an equalized odds difference", "limit"],
  ["disparateImpact", "a disparate impact", "floor"],
] as const;

/**
 * Refuses a pin that treats groups of a declared sensitive column differently by more than a limit. Exactly the limit
 * passes.
 *
 * A group too small to tell is refused, and so is a column with one group only: nothing was compared.
 */
export const fairness = defineGate({
  name: "fairness",
  description: "Groups of every declared sensitive column are treated alike, within limits.",
  severity: "high",
  remedy:
    "Train a version that treats the groups alike (Fairlearn's reductions or thresholds help), or evaluate on more rows of the small group.",
  source:
    "Fairlearn's demographic parity difference, equalized odds difference and demographic parity ratio over the groups of a column. " +
    "0.8 is the four-fifths rule of the US Uniform Guidelines on Employee Selection Procedures (29 CFR 1607.4 D); 0.1 is the bound that IBM's AI Fairness 360 calls fair.",
  waivable: true,
  levels: usualLevels,
  byDefault: "off",
  codes: [
    "above-limit",
    "below-floor",
    "one-group",
    "class-absent",
    "never-predicted",
    "too-few-rows",
    "not-measured",
    ...numberCodes,
  ],
  settings,
  check(candidate, limits) {
    const { evidence } = candidate;
    if (!evidence) return noEvidence(candidate, "fairness");
    const what = `${label(candidate.pin)} can't be judged by how it treats groups`;
    const missing = missingClass(candidate, evidence, what, { subject: "classes" });
    if (missing) return [missing];
    return [...new Set(limits.columns)]
      .sort()
      .flatMap((column) => judgeColumn(candidate, evidence, column, limits));
  },
});

function judgeColumn(
  candidate: Candidate,
  { fairness, data }: Evidence,
  column: string,
  limits: z.output<typeof settings>,
): Finding[] {
  const version = label(candidate.pin);
  const measured = fairness.find((each) => each.column === column);
  if (!measured) {
    const reason = `${version} has no measured fairness by ${column} on ${data.path}; run \`tollgate evaluate\` again.`;
    return [refused("not-measured", reason, { subject: column })];
  }
  const groups = [...measured.groups].sort(
    (a, b) => a.rows - b.rows || (a.value < b.value ? -1 : 1),
  );
  for (const { value, rows, distinctRows } of groups) {
    const what = `${version} can't be judged by ${column}: its group ${value} has`;
    const few = tooFewRows(candidate, {
      subject: column,
      what,
      rows,
      distinctRows,
      minimum: limits.minimumRows,
      path: data.path,
    });
    if (few) return [few];
  }
  if (groups.length < 2) {
    const only = groups[0]?.value ?? "none";
    const reason = `${version} can't be judged by ${column}: ${data.path} has one group of it only (${only}), and two are needed.`;
    return [refused("one-group", reason, { subject: column, value: groups.length, threshold: 2 })];
  }
  const rows = groups.reduce((sum, group) => sum + group.rows, 0);
  return measures.map(([measure, words, kind]) =>
    judgeNumber({
      subject: `${column} ${measure}`,
      value: measured[measure],
      limit: limits[measure],
      kind,
      what: `${version} has ${words} by ${column} of`,
      where: `between ${count(groups.length, "group")} on ${count(rows, "row")} of ${data.path}`,
      range: share,
    }),
  );
}
