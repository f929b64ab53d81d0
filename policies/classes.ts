import type { Evidence } from "../registry/evidence";
import { count, refused } from "./finding";
import type { Candidate, Finding } from "./gate";

/** Classes that a sentence names; of more it says how many. */
const shown = 4;

const knownBy = {
  model: "which the model knows",
  "training-data": "which the training data has",
  "evaluation-data": "which the version predicts",
} as const satisfies Record<NonNullable<Evidence["classes"]>["origin"], string>;

/**
 * Refuses to judge a classification by a class that no evaluation row has or that the version never predicts: what is
 * measured of such a class is nothing or says nothing. Null when every class has rows and is predicted, of evidence that
 * counted no classes, and for a version that was released before, which was judged by the rules of then.
 *
 * @param what the sentence up to the reason, such as `churn-model v2 can't be judged by its recall`
 */
export function missingClass(
  { history }: Pick<Candidate, "history">,
  { support, classes, data }: Evidence,
  what: string,
  facts: Pick<Finding, "subject"> & Partial<Finding>,
): Finding | null {
  const counted = support?.classes;
  if (!counted || history.releasedAt !== null) return null;
  const absent = counted.filter(({ rows }) => !(rows > 0));
  if (absent.length > 0) {
    const known = classes ? `, ${whereFrom(absent, classes.origin)}` : "";
    const names = named(absent.map(({ value }) => value));
    const reason = `${what}: ${data.path} has no row of ${names}${known}; evaluate it on rows of every class.`;
    return refused("class-absent", reason, facts);
  }
  if (counted.length === 1) {
    const reason = `${what}: ${data.path} has rows of ${named([counted[0]!.value])} alone, and two classes are needed to tell any from another; evaluate it on rows of every class.`;
    return refused("class-absent", reason, facts);
  }
  const unsaid = counted.filter(({ predicted }) => !(predicted > 0));
  if (unsaid.length === 0) return null;
  const rows = unsaid.reduce((sum, each) => sum + each.rows, 0);
  const names = named(unsaid.map(({ value }) => value));
  const reason = `${what}: it never predicts ${names}, of which ${data.path} has ${count(rows, "row")}; train it on more rows of every class, or with weights for the rare ones.`;
  return refused("never-predicted", reason, facts);
}

/** Of a class that is predicted nobody can say whether the model or the training data knows it as well. */
function whereFrom(absent: readonly { predicted: number }[], origin: keyof typeof knownBy): string {
  const predicted = absent.filter(({ predicted }) => predicted > 0).length;
  if (predicted === absent.length) return knownBy["evaluation-data"];
  return predicted === 0 ? knownBy[origin] : `${knownBy[origin]} or the version predicts`;
}

function named(classes: readonly string[]): string {
  const more = classes.length > shown ? ` and ${classes.length - shown} more` : "";
  return `class${classes.length > 1 ? "es" : ""} ${classes.slice(0, shown).join(", ")}${more}`;
}

/** Are two names of one class, as the evaluator compares them: the same text, or the same number, True being 1? */
export function sameClass(left: string, right: string): boolean {
  return left === right || (numberOf(left) !== null && numberOf(left) === numberOf(right));
}

function numberOf(name: string): number | null {
  const truth = ["false", "true"].indexOf(name.toLowerCase());
  if (truth >= 0) return truth;
  return /^[+-]?\d{1,40}(\.\d{1,40})?([eE][+-]?\d{1,3})?$/.test(name) ? Number(name) : null;
}
