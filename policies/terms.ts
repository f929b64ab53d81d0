import { z } from "zod";
import type { Evidence } from "../registry/evidence";
import { answerSchema } from "../registry/measurements";
import { canonicalJson } from "../strict/canonical";
import { sameClass } from "./classes";
import type { EvaluationTerms } from "./gate";

const saidSchema = z.object({
  evaluation: z.object({
    positive: z.string().nullish(),
    answer: answerSchema.nullish(),
  }),
});

/** What of a stack's settings says how answers are measured. */
export interface MeasuringSettings {
  readonly positive: string | null;
  /** In the form of `answerSchema`; null: the one value that an answer is. */
  readonly answer: object | null;
}

/** What a stack's settings say of how answers are measured; null where it evaluates nothing. */
export function termsOf(evaluation: MeasuringSettings | null): EvaluationTerms | null {
  if (!evaluation) return null;
  return { positive: evaluation.positive, answer: answerSchema.parse(evaluation.answer ?? {}) };
}

/** The same, of the settings as an admission carries them; null where they say none. */
export function termsIn(settings: string): EvaluationTerms | null {
  let document: unknown;
  try {
    document = JSON.parse(settings);
  } catch {
    return null;
  }
  const said = saidSchema.safeParse(document);
  if (!said.success) return null;
  const { positive, answer } = said.data.evaluation;
  return { positive: positive ?? null, answer: answer ?? null };
}

/** In which setting evidence was measured otherwise than the settings say, with both values as text; null for none. */
export function differenceOfTerms(
  { positive, answer }: EvaluationTerms,
  evidence: Evidence,
): { setting: "positive" | "answer"; value: string; wanted: string } | null {
  const [value, wanted] = [evidence.answer, answer].map((each) => canonicalJson(each ?? {}));
  if (value !== wanted) return { setting: "answer", value: value!, wanted: wanted! };
  const { classes } = evidence;
  // Documents of before took 1 or the later of two, whatever the settings say.
  if (!classes) {
    if (positive === null || evidence.task === "regression") return null;
    return { setting: "positive", value: evidence.support?.positive ?? "none", wanted: positive };
  }
  const named = classes.positiveBy === "setting" ? classes.positive : null;
  const alike =
    positive === null || named === null ? positive === named : sameClass(named, positive);
  return alike ? null : { setting: "positive", value: named ?? "none", wanted: positive ?? "none" };
}
