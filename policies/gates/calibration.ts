import { z } from "zod";
import { label, noEvidence, refused } from "../finding";
import { defineGate } from "../gate";
import { judgeNumber, onRows, share, type Range } from "../measured";
import { minimumRowsSetting, tooFewRows } from "../support";
import { numberCodes } from "../codes";
import { usualLevels } from "../levels";
import { withDefault } from "../setting";

const settings = z.strictObject({
  expectedCalibrationError: withDefault(
    z.number().min(0).max(1),
    0.1,
    "Highest accepted expected calibration error, 0 to 1.",
  ),
  brier: withDefault(z.number().min(0).max(2), 0.25, "Highest accepted Brier score, 0 to 2."),
  bins: withDefault(
    z.int().min(2).max(100),
    10,
    "Bins of equal width that the error is measured over.",
  ),
  minimumRows: minimumRowsSetting(),
});

/** A Brier score sums over classes, so it goes to 2. */
const brierRange: Range = [0, 2];

const measures = [
  ["expectedCalibrationError", "an expected calibration error", share],
  ["brier", "a Brier score", brierRange],
] as const;

/**
 * Refuses a pin whose probabilities can't be taken at their word. Exactly the limit passes.
 *
 * A model that gives no probabilities is refused: switch the gate off for it.
 */
export const calibration = defineGate({
  name: "calibration",
  description: "The model's probabilities are as often right as they say, within limits.",
  severity: "medium",
  remedy:
    "Calibrate the model (scikit-learn's CalibratedClassifierCV), register and evaluate it, or switch the gate off for a model without probabilities.",
  source:
    "Expected calibration error over bins of equal width (Naeini et al., AAAI 2015) and Brier score (Brier, 1950). " +
    "A Brier score of 0.25 is what always saying one half gives for two classes; 0.1, ten points off on average, is Tollgate's own starting point, as are ten bins.",
  waivable: true,
  levels: usualLevels,
  byDefault: "off",
  codes: ["above-limit", "too-few-rows", "measured-otherwise", "not-measured", ...numberCodes],
  settings,
  check(candidate, limits) {
    const { evidence } = candidate;
    if (!evidence) return noEvidence(candidate, "calibration");
    const version = label(candidate.pin);
    const measured = evidence.calibration;
    if (!measured) {
      const reason = `${version} has no measured calibration on ${onRows(evidence.data.rows, evidence.data.path)}, as its model gave no probabilities or the gate was off.`;
      return [refused("not-measured", reason)];
    }
    if (measured.bins !== limits.bins) {
      const reason = `${version} had its calibration measured over ${measured.bins} bins, but the settings say ${limits.bins}; run \`tollgate evaluate\` again.`;
      const facts = { value: measured.bins, threshold: limits.bins };
      return [refused("measured-otherwise", reason, { subject: "bins", ...facts })];
    }
    const few = tooFewRows(candidate, {
      subject: "rows",
      what: `${version} has its calibration measured on`,
      rows: measured.rows,
      distinctRows: measured.distinctRows,
      minimum: limits.minimumRows,
      path: evidence.data.path,
    });
    if (few) return [few];
    return measures.map(([measure, words, range]) =>
      judgeNumber({
        subject: measure,
        value: measured[measure],
        limit: limits[measure],
        kind: "limit",
        what: `${version} has ${words} of`,
        where: `on ${onRows(measured.rows, evidence.data.path)}`,
        range,
      }),
    );
  },
});
