import type { Tally } from "./tally";

/** How often a worse candidate has to be refused to count as caught. */
const wanted = 0.95;

/** What a share counted in so many trials stays below in 99 of 100 series, by the binomial distribution's normal limit. */
export function atMost(share: number, trials: number): number {
  return share + 2.326 * Math.sqrt((share * (1 - share)) / trials);
}

/** The page that says what was measured, from the counts. */
export function document(tallies: readonly Tally[], significance: number): string {
  const of = (series: Tally["series"]) => tallies.filter((tally) => tally.series === series);
  const power = of("worse");
  const sizes = [...new Set(power.map(({ rows }) => rows))];
  return `# How far the comparison with the deployed version can be trusted

Written by \`npm run statistics\` from ${tallies.reduce((sum, { comparisons }) => sum + comparisons, 0).toLocaleString("en")} comparisons: the evaluator's own \`measure_comparison\`, judged by the real gate
\`better-than-deployed\` with its defaults (significance ${significance}, margin 0, uncertainty 0.05).

The data is made by scikit-learn, so that 100,000 rows are there to draw evaluations from: \`make_classification\` with 20
columns and 5 % wrong labels (classes), \`make_friedman1\` with noise (numbers), and numbers that grow exponentially with that,
where few rows make most of the error (prices). Two gradient-boosting models are trained on different halves of 4,000 rows.
One of two trained models is always a little better in truth, so a coin decides row by row which of the two answers is the
candidate's and which the deployed version's: then neither is better, and who is refused as worse is a false alarm.

## False alarms

Share of candidates that are refused as worse though they are not. It must be at most the significance, ${percent(significance, 0)}; a share counted
in so many comparisons may be a little above by chance, in 99 of 100 series no more than the last column says.

${table(
  [
    "candidate",
    "data",
    "metric",
    "test",
    "rows",
    "comparisons",
    "refused as worse",
    "as undecided",
    "at most",
  ],
  [...of("itself"), ...of("equal")].map((tally) => [
    tally.series === "itself" ? "the deployed version itself" : "equally good, trained elsewhere",
    tally.data,
    tally.metric,
    tally.metric === "accuracy" ? "McNemar, exact" : "paired bootstrap",
    tally.rows.toLocaleString("en"),
    tally.comparisons.toLocaleString("en"),
    percent(tally.worse / tally.comparisons),
    percent(tally.undecided / tally.comparisons),
    percent(atMost(significance, tally.comparisons)),
  ]),
)}

McNemar's exact test stays below its significance, because only whole rows can differ. The paired bootstrap's p-value is how
often two equally good models would differ by as much: rows are drawn with replacement, and a coin decides for each of them
which answer is whose (Efron and Tibshirani, 1993, chapter 16). The other way to read a bootstrap, the share of resamples
that show no loss, refuses too many on few rows and where few rows make most of the error.

Refused as undecided is no false alarm: on 100 rows an f1 may well be 0.05 worse for all that they tell, and noise must not
pass either. Uncertainty is in the metric's own unit, which a regression's error gets from its target; it was left out for
rmse.

## Power

How much worse in accuracy a candidate must be to be refused ${percent(wanted, 0)} of the time. It is an equally good candidate of which
some right answers were turned wrong.

${table(
  ["rows", "refused 50 % of the time", "refused 95 % of the time", "comparisons"],
  sizes.map((rows) => {
    const curve = power.filter((tally) => tally.rows === rows);
    return [
      rows.toLocaleString("en"),
      points(lossAt(curve, 0.5)),
      points(lossAt(curve, wanted)),
      curve.reduce((sum, { comparisons }) => sum + comparisons, 0).toLocaleString("en"),
    ];
  }),
)}

![Share of candidates refused, by how much worse they are](gate-power.svg)

So the number of evaluation rows says how small a loss can be seen: four times the rows halve it. A version that is worse
by less than that may pass, and the next one again; a floor (\`metric-floor\`) stops what adds up.

All counts:

${table(
  ["rows", "true loss", "refused as worse", "as undecided"],
  power.map((tally) => [
    tally.rows.toLocaleString("en"),
    points(tally.loss),
    percent(tally.worse / tally.comparisons),
    percent(tally.undecided / tally.comparisons),
  ]),
)}
`;
}

/** The loss at which a share is refused, between the two that were tried; null when no loss tried was enough. */
function lossAt(curve: readonly Tally[], share: number): number | null {
  const refused = curve.map(({ loss, worse, undecided, comparisons }) => ({
    loss,
    share: (worse + undecided) / comparisons,
  }));
  const after = refused.findIndex((each) => each.share >= share);
  if (after < 0) return null;
  const [low, high] = [refused[after - 1], refused[after]!];
  if (!low) return high.loss;
  return low.loss + ((share - low.share) / (high.share - low.share)) * (high.loss - low.loss);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

function percent(share: number, digits = 1): string {
  return `${(100 * share).toFixed(digits)} %`;
}

function points(loss: number | null): string {
  return loss === null ? "more than was tried" : `${(100 * loss).toFixed(2)} points`;
}
