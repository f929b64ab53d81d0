import { z } from "zod";
import { judgeDrift, type DriftJudgement } from "../drift";
import { count, label, noEvidence, passed, refused } from "../finding";
import { type Candidate, defineGate, type Finding } from "../gate";
import { rowsOf } from "../measured";
import { minimumRowsSetting, tooFewRows } from "../support";
import type { Evidence } from "../../registry/evidence";
import { numberCodes } from "../codes";
import { usualLevels } from "../levels";
import { withDefault } from "../setting";

const settings = z.strictObject({
  reference: z
    .string()
    .min(1)
    .optional()
    .describe(
      "File that training and evaluation data are compared with, relative to the project folder. Default: not compared.",
    ),
  live: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Recent inputs that are compared with the training data: a file, or "captured" for what this stack\'s scorers kept (tollgate:scorer.captureRows). Default: not compared.',
    ),
  psi: withDefault(
    z.number().min(0),
    0.2,
    "Highest accepted population stability index of a column.",
  ),
  significance: withDefault(
    z.number().min(0).max(1),
    0.05,
    "A difference that chance gives at least this often passes, corrected for the number of columns.",
  ),
  minimumRows: minimumRowsSetting(
    "Fewest distinct rows that tell anything, on both sides of a comparison.",
  ),
});

type Settings = z.output<typeof settings>;
type Measured = Evidence["dataDrift"][number];
type Column = Measured["columns"][number];

const words = {
  "training-reference": ["the training data", "the reference"],
  "evaluation-reference": ["the evaluation data", "the reference"],
  "live-training": ["the live inputs", "the training data"],
} as const satisfies Record<Measured["comparison"], readonly [string, string]>;

const tests = {
  "kolmogorov-smirnov": "Kolmogorov-Smirnov",
  "chi-square": "chi-square",
} as const satisfies Record<Column["test"], string>;

/**
 * Refuses a pin when a column of its training or evaluation data differs from the reference, or of the recent live inputs
 * from the training data: what was learnt and measured then says little about what is asked. Exactly the limit passes.
 *
 * One finding for each column that drifted, or one for a comparison in which none did.
 */
export const dataDrift = defineGate({
  name: "data-drift",
  description: "Training, evaluation and live data are distributed as they were, column by column.",
  severity: "high",
  remedy:
    "Train and evaluate on data like today's, or renew the reference in a reviewed change when the change is wanted.",
  source:
    "Population stability index over ten bins of the reference with a Kolmogorov-Smirnov test for numbers and a chi-square test for categories, corrected for the number of columns (Benjamini and Hochberg, 1995). " +
    "0.2 is inside the credit scorecards' rule of thumb (above 0.25 act; Siddiqi, 2006); the test is there because that rule knows no error rate. " +
    "On 30 rows it tells shares that moved by a quarter (1.36 over the root of 30; Smirnov, 1948).",
  waivable: true,
  levels: usualLevels,
  byDefault: "off",
  codes: [
    "drifted",
    "too-few-rows",
    "no-comparison",
    "measured-otherwise",
    "not-measured",
    ...numberCodes,
  ],
  settings,
  check(candidate, limits) {
    const { evidence } = candidate;
    if (!evidence) return noEvidence(candidate, "data drift");
    const version = label(candidate.pin);
    const wanted: Measured["comparison"][] = [
      ...(limits.reference === undefined
        ? []
        : (["training-reference", "evaluation-reference"] as const)),
      ...(limits.live === undefined ? [] : (["live-training"] as const)),
    ];
    if (wanted.length === 0) {
      const reason = `${version} can't be judged: tollgate:gates.data-drift names neither a reference nor live data.`;
      return [refused("no-comparison", reason)];
    }
    return wanted.flatMap((comparison) =>
      judgeComparison(candidate, evidence.dataDrift, comparison, limits),
    );
  },
});

function judgeComparison(
  candidate: Candidate,
  dataDrift: Evidence["dataDrift"],
  comparison: Measured["comparison"],
  limits: Settings,
): Finding[] {
  const version = label(candidate.pin);
  const [data, reference] = words[comparison];
  const measured = dataDrift.find((each) => each.comparison === comparison);
  if (!measured || measured.columns.length === 0) {
    const reason = `${version} has no measured drift of ${data} from ${reference}; run \`tollgate evaluate\` again with both at hand.`;
    return [refused("not-measured", reason, { subject: comparison, threshold: limits.psi })];
  }
  const otherwise = measuredOtherwise(version, measured, limits);
  if (otherwise) return [otherwise];
  const few = tooFew(candidate, measured, limits);
  if (few.length > 0) return few;

  const judged = [...measured.columns]
    .sort((a, b) => (a.column < b.column ? -1 : 1))
    .map((column) => ({ column, ...judgeDrift(column.psi, column.adjustedPValue, limits) }));
  const from = `${data} (${rowsOf(measured.data)})`;
  const to = `${reference} (${rowsOf(measured.reference)})`;
  const bad = judged.filter(({ code }) => code !== "ok");
  if (bad.length > 0) {
    return bad.map(({ column, code, facts, text }) => {
      const what =
        code === "drifted"
          ? `was measured on data that drifted: ${column.column} of ${from} differs from`
          : `has a drift that can't be judged: of ${column.column} of ${from} from`;
      const reason = `${version} ${what} ${to} by ${tests[column.test]}: ${text}.`;
      return refused(code, reason, { subject: `${comparison} ${column.column}`, ...facts });
    });
  }
  const { column, facts, text } = nearest(judged);
  const reason = `${version} has no drift in ${count(judged.length, "column")} of ${from} from ${to}; ${column.column} differs most: ${text}.`;
  return [passed(reason, { subject: comparison, ...facts })];
}

/** Fewer distinct rows than are needed, on either side: on those nearly any difference can be chance, and would pass. */
function tooFew(
  candidate: Candidate,
  { comparison, data, reference }: Measured,
  { minimumRows }: Settings,
): Finding[] {
  return [data, reference].flatMap((side, index) => {
    const few = tooFewRows(candidate, {
      subject: comparison,
      what: `${label(candidate.pin)} has its drift measured with ${words[comparison][index]!},`,
      rows: side.rowsUsed ?? side.rows,
      distinctRows: side.distinctRows,
      minimum: minimumRows,
      path: side.path,
    });
    return few ?? [];
  });
}

/** Was it measured against the files that the settings name? */
function measuredOtherwise(
  version: string,
  { comparison, data, reference }: Measured,
  limits: Settings,
): Finding | null {
  const [path, wanted] =
    comparison === "live-training" ? [data.path, limits.live] : [reference.path, limits.reference];
  if (path === wanted) return null;
  const reason = `${version} had its drift measured with ${path}, but the settings name ${wanted}; run \`tollgate evaluate\` again.`;
  const facts = { subject: comparison, value: path, threshold: wanted };
  return refused("measured-otherwise", reason, facts);
}

/** The column that came nearest to drifting: the highest index, the first by name of equal ones. */
function nearest<T extends DriftJudgement & { column: Column }>(judged: readonly T[]): T {
  return judged.reduce((most, each) => (each.column.psi > most.column.psi ? each : most));
}
