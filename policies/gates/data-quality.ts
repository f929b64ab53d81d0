import { z } from "zod";
import { count, label, noEvidence, refused, shortDigest } from "../finding";
import { defineGate } from "../gate";
import { judgeNumber, rowsOf, share } from "../measured";
import { lineageOf } from "../training";
import type { Evidence } from "../../registry/evidence";
import { numberCodes } from "../codes";
import { usualLevels } from "../levels";
import { withDefault } from "../setting";

const settings = z.strictObject({
  rules: z
    .string()
    .min(1)
    .describe("File with the rules for the training data, relative to the project folder."),
  share: withDefault(
    z.number().min(0).max(1),
    0.9,
    "Lowest accepted share of rows that meet every rule, 0 to 1.",
  ),
});

/**
 * Refuses a pin whose training data breaks the declared rules in too many rows. Exactly the share passes.
 *
 * The data that was checked must be what the version says it was trained on.
 */
export const dataQuality = defineGate({
  name: "data-quality",
  description: "The training data meets the rules declared in a file.",
  severity: "high",
  remedy:
    "Mend the training data or correct the rules in a reviewed change, then train and evaluate a new version.",
  source:
    "Share of rows of the training data that meet every rule of the file, on types, ranges, uniqueness and missing values, checked by pandera. " +
    "The floor of 0.90 is the deployment guide's: below 90 % data quality it rolls back.",
  waivable: true,
  levels: usualLevels,
  byDefault: "off",
  codes: [
    "below-floor",
    "training-data-differs",
    "measured-otherwise",
    "not-measured",
    ...numberCodes,
  ],
  settings,
  check(candidate, { rules, share: floor }) {
    const { evidence } = candidate;
    if (!evidence) return noEvidence(candidate, "training data");
    const version = label(candidate.pin);
    const measured = evidence.dataQuality;
    const again = "run `tollgate evaluate` again";
    if (!measured) {
      const reason = `${version} had its training data not checked against ${rules}, which has the floor ${floor}; ${again} with the training data at hand.`;
      return [refused("not-measured", reason, { threshold: floor })];
    }
    if (measured.rules !== rules) {
      const reason = `${version} had its training data checked against ${measured.rules}, but the settings name ${rules}; ${again}.`;
      return [
        refused("measured-otherwise", reason, {
          subject: "rules",
          value: measured.rules,
          threshold: rules,
        }),
      ];
    }
    const { lineage, source } = lineageOf(candidate, evidence);
    const trainedOn = lineage.trainingDataDigest;
    if (measured.data.digest !== trainedOn) {
      const own = trainedOn === null ? "nothing of its training data" : shortDigest(trainedOn);
      const reason = `${version} records ${own} in its lineage${source}, but ${measured.data.path} with ${shortDigest(measured.data.digest)} was checked; ${again} on the data it was trained on.`;
      const facts = { value: measured.data.digest, threshold: trainedOn };
      return [refused("training-data-differs", reason, { subject: "training data", ...facts })];
    }
    const broken = brokenRules(measured.failures);
    return [
      judgeNumber({
        subject: null,
        value: measured.validShare,
        limit: floor,
        kind: "floor",
        what: `${version} was trained on data with a share of valid rows of`,
        where: `on ${rowsOf(measured.data)} by ${rules}${broken}`,
        range: share,
      }),
    ];
  },
});

/** The three rules that most rows break: enough to start mending. */
function brokenRules(failures: NonNullable<Evidence["dataQuality"]>["failures"]): string {
  const key = (failure: (typeof failures)[number]) => `${failure.column ?? ""} ${failure.check}`;
  const worst = [...failures].sort((a, b) => b.rows - a.rows || (key(a) < key(b) ? -1 : 1));
  const texts = worst
    .slice(0, 3)
    .map(
      ({ column, check, rows }) => `${check} of ${column ?? "the table"} by ${count(rows, "row")}`,
    );
  const more = worst.length > 3 ? `, and ${worst.length - 3} more` : "";
  return texts.length > 0 ? ` (broken: ${texts.join(", ")}${more})` : "";
}
