import { z } from "zod";
import { comparisonOf } from "../deployed";
import { judgeDrift } from "../drift";
import { clause, label, passed, refused } from "../finding";
import { defineGate } from "../gate";
import { onEvaluationRows } from "../measured";
import { minimumRowsSetting, tooFewRows } from "../support";
import { eachTarget } from "../targets";
import { comparisonCodes, numberCodes } from "../codes";
import { usualLevels } from "../levels";
import { withDefault } from "../setting";

const settings = z.strictObject({
  psi: withDefault(
    z.number().min(0),
    0.2,
    "Highest accepted population stability index of the predictions.",
  ),
  significance: withDefault(
    z.number().min(0).max(1),
    0.05,
    "A difference that chance gives at least this often passes.",
  ),
  minimumRows: minimumRowsSetting(),
});

/**
 * Refuses a pin whose predictions are distributed otherwise than those of the deployed version on the same rows: twice as
 * many alarms is an incident for whoever handles them, even when each is right. Exactly the limit passes.
 */
export const predictionDrift = defineGate({
  name: "prediction-drift",
  description: "The predictions are distributed like those of the deployed version.",
  severity: "medium",
  remedy:
    "Tell those who use the predictions what changes, then change tollgate:gates.prediction-drift in a reviewed change, or train anew.",
  source:
    "Population stability index of classes or scores against the deployed version's on the same evaluation rows, with a chi-square test for classes and Kolmogorov-Smirnov for scores. " +
    "0.2 is inside the credit scorecards' rule of thumb (above 0.25 act; Siddiqi, 2006); the test is there because that rule knows no error rate.",
  waivable: true,
  levels: usualLevels,
  byDefault: "off",
  codes: ["drifted", "too-few-rows", "not-comparable", ...comparisonCodes, ...numberCodes],
  settings,
  check: eachTarget((candidate, limits: z.output<typeof settings>) => {
    const compared = comparisonOf(candidate, "predictions");
    if (compared.findings) return compared.findings;
    const version = label(candidate.pin);
    const { comparison, evidence } = compared;
    const deployed = `the deployed ${label(comparison.deployed)}`;
    const where = onEvaluationRows(evidence);
    if (comparison.problem !== null) {
      const why = clause(comparison.problem, "no reason was recorded");
      return [
        refused(
          "not-comparable",
          `${version} can't be compared in its predictions with ${deployed} ${where}: ${why}.`,
        ),
      ];
    }
    const { predictions } = comparison;
    if (!predictions) {
      const reason = `${version} has no predictions compared with ${deployed} ${where}; run \`tollgate evaluate\` again.`;
      return [refused("not-measured", reason, { threshold: limits.psi })];
    }
    const few = tooFewRows(candidate, {
      subject: predictions.kind,
      what: `${version} was compared in its predictions with ${deployed} on`,
      rows: evidence.data.rowsUsed,
      distinctRows: evidence.support?.distinctRows,
      minimum: limits.minimumRows,
      path: evidence.data.path,
    });
    if (few) return [few];
    const { code, facts, text } = judgeDrift(predictions.psi, predictions.pValue, limits);
    const subject = predictions.kind;
    const what = `${version} gives ${subject}`;
    if (code === "ok") {
      const reason = `${what} distributed like those of ${deployed} ${where}: ${text}.`;
      return [passed(reason, { subject, ...facts })];
    }
    const reason = `${what} ${code === "drifted" ? "distributed otherwise than" : "that can't be judged beside"} those of ${deployed} ${where}: ${text}.`;
    return [refused(code, reason, { subject, ...facts })];
  }),
});
