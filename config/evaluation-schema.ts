import { z } from "zod";
import { digestSchema } from "../registry/evidence";
import { defaults } from "./defaults";

/** A class as its name: numbers and booleans as the evaluator writes them. */
const className = z
  .union([z.string().min(1), z.number(), z.boolean()])
  .transform((value) => (typeof value === "boolean" ? (value ? "True" : "False") : String(value)));

const answer = z
  .strictObject({
    column: z
      .union([z.string().min(1), z.int().min(0)])
      .optional()
      .describe("Column of the model's answer that is measured: its name, or its place from 0."),
    threshold: z
      .number()
      .optional()
      .describe("The positive class where the answer's number is at least this, the other below."),
    argmax: z
      .union([z.literal(true), z.array(className).min(2)])
      .optional()
      .describe(
        "The class whose number is the largest: by the columns' names or the model's own classes (true), or the classes in the columns' order.",
      ),
  })
  .refine(
    ({ argmax, ...others }) => argmax === undefined || Object.keys(others).length === 0,
    "expected argmax alone: it looks at all columns, column and threshold at one",
  );

/** `tollgate:evaluation`: the data, what is to be predicted, and what of an answer is measured. */
export const evaluationSchema = z
  .strictObject({
    data: z.string().min(1).describe("Pinned evaluation data: a CSV or Parquet file."),
    label: z
      .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
      .describe("Column to predict, or the columns of a regression of several numbers."),
    task: z.enum(["classification", "regression"]).optional(),
    positive: className
      .optional()
      .describe(
        "Class that precision, recall, f1 and fairness are about. Default: the rarer of two; of more the means over all.",
      ),
    answer: answer
      .optional()
      .describe("What of the model's answer is measured. Default: the one value that it answers."),
    digest: digestSchema
      .optional()
      .describe("Digest the evaluation data must have. Default: that of the file at hand."),
    maxRows: z
      .int()
      .min(100)
      .optional()
      .describe(
        `More rows than these are sampled, which the evidence says. Default ${defaults.evaluation.maxRows}.`,
      ),
  })
  .superRefine(({ task, label, positive, answer }, context) => {
    const wrong = (field: string[], message: string) =>
      context.addIssue({ code: "custom", path: field, message });
    if (task === "regression") {
      if (positive !== undefined)
        wrong(["positive"], "expected none, as a regression has no class");
      for (const way of ["threshold", "argmax"] as const) {
        if (answer?.[way] === undefined) continue;
        wrong(["answer", way], "expected none, as a regression has no class");
      }
      if (Array.isArray(label) && label.length > 1 && answer?.column !== undefined) {
        wrong(["answer", "column"], "expected none, as each label has a column of its own");
      }
    } else if (Array.isArray(label) && label.length > 1) {
      wrong(["label"], "expected one column, as a classification has one");
    } else if (answer?.threshold !== undefined && positive === undefined) {
      wrong(["positive"], "expected the class that answer.threshold is about");
    }
  });
