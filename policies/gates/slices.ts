import { z } from "zod";
import { label, noEvidence, refused } from "../finding";
import { type Candidate, defineGate, type Finding } from "../gate";
import { byName, judgeNumber, onRows, rangeOf, rangeText, within } from "../measured";
import { leastDistinctRows, tooFewRows, tooFewToProve } from "../support";
import { eachTarget } from "../targets";
import type { Evidence } from "../../registry/evidence";
import { numberCodes } from "../codes";
import { usualLevels } from "../levels";
import { withDefault } from "../setting";

const slice = z
  .strictObject({
    where: z
      .string()
      .min(1)
      .describe('Which rows, as a pandas query, such as `region == "west" and tenure < 12`.'),
    metric: withDefault(
      z.enum(["accuracy", "precision", "recall", "f1", "r2"]),
      "accuracy",
      "What is measured on them.",
    ),
    floor: z.number().describe("Lowest accepted value of the metric on these rows."),
    minimumRows: z
      .int()
      .min(1)
      .optional()
      .describe(
        `Fewer distinct rows than these, in all and of the class that the metric is about, are refused. Default ${leastDistinctRows}, or what the floor needs if that is more.`,
      ),
  })
  .superRefine(({ metric, floor }, context) => {
    const range = rangeOf(metric);
    if (within(floor, range)) return;
    const message = `expected a number ${rangeText(range)}, as ${metric} is one`;
    context.addIssue({ code: "custom", path: ["floor"], message });
  });

const settings = z.strictObject({
  slices: z
    .record(z.string().min(1), slice)
    .default({})
    .describe("Parts of the evaluation data with a floor of their own, by name. Default none."),
});

/** How often a slice below its floor may look perfect by chance; customary. */
const significance = 0.05;

type Slice = z.output<typeof slice>;
type Measured = Evidence["slices"][number];

/**
 * Refuses a pin that is worse than a floor on a named part of the evaluation data, however good it is on the whole.
 * Exactly the floor passes.
 *
 * A part with too few distinct rows is refused, because its metric is mostly chance.
 */
export const slices = defineGate({
  name: "slices",
  description: "Every named part of the evaluation data keeps a floor of its own.",
  severity: "high",
  remedy:
    "Train on more rows of the slice and evaluate again, or change tollgate:gates.slices in a reviewed change.",
  source:
    "Measures a metric on the evaluation rows that a pandas query selects. Thirty rows are the fewest at which a share says anything: " +
    "the 95 % interval of an accuracy of 0.9 is then 0.11 wide on either side (normal approximation). A higher floor needs more, as for metric-floor.",
  waivable: true,
  levels: usualLevels,
  byDefault: "off",
  codes: [
    "below-floor",
    "too-few-rows",
    "no-slice",
    "measured-otherwise",
    "not-measured",
    ...numberCodes,
  ],
  settings,
  check: eachTarget((candidate, { slices: wanted }: z.output<typeof settings>) => {
    const { evidence } = candidate;
    if (!evidence) return noEvidence(candidate, "slices");
    const measured = new Map(evidence.slices.map((each) => [each.name, each]));
    const findings = byName(wanted).map(([name, slice]) =>
      judgeSlice(candidate, evidence.data.path, name, slice, measured.get(name)),
    );
    if (findings.length > 0) return findings;
    const reason = `${label(candidate.pin)} can't be judged: tollgate:gates.slices names no slice.`;
    return [refused("no-slice", reason)];
  }),
});

function judgeSlice(
  candidate: Candidate,
  path: string,
  name: string,
  { where, metric, floor, minimumRows }: Slice,
  measured: Measured | undefined,
): Finding {
  const version = label(candidate.pin);
  const again = "run `tollgate evaluate` again";
  if (!measured) {
    const reason = `${version} was not measured on the slice ${name} (${where}) of ${path}, which has the floor ${floor}; ${again}.`;
    return refused("not-measured", reason, { subject: name, threshold: floor });
  }
  if (measured.where !== where) {
    const reason = `${version} was measured on a slice ${name} of ${path} with ${measured.where}, but the settings say ${where}; ${again}.`;
    const facts = { value: measured.where, threshold: where };
    return refused("measured-otherwise", reason, { subject: name, ...facts });
  }
  const what = `${version} has a slice ${name} (${where}) of`;
  const { rows, support } = measured;
  const few = tooFewRows(candidate, {
    subject: name,
    what,
    rows,
    distinctRows: support?.distinctRows,
    minimum: minimumRows ?? leastDistinctRows,
    path,
  });
  if (few) return few;
  if (!Object.hasOwn(measured.metrics, metric)) {
    const recorded = Object.keys(measured.metrics).sort().join(", ") || "none";
    const reason = `${version} has no ${metric} on the slice ${name} of ${path}, which has the floor ${floor}; recorded: ${recorded}.`;
    return refused("not-measured", reason, { subject: name, threshold: floor });
  }
  const judged = judgeNumber({
    subject: name,
    value: measured.metrics[metric],
    limit: floor,
    kind: "floor",
    what: `${version} has ${metric}`,
    where: `on the slice ${name} (${where}), ${onRows(rows, path)}`,
    range: rangeOf(metric),
  });
  if (!judged.passed) return judged;
  const unproven = tooFewToProve(candidate, {
    subject: name,
    version,
    metric,
    floor,
    significance,
    minimumRows,
    support,
    where: `the slice ${name} of ${path}`,
  });
  return unproven ?? judged;
}
