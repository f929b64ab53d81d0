import { z } from "zod";
import { count, label, noEvidence, passed, refused } from "../finding";
import { defineGate } from "../gate";
import { usualLevels } from "../levels";

/** Refuses a pin whose model was logged without a signature: its scorer could not tell a wrong request. */
export const schemaPresent = defineGate({
  name: "schema-present",
  description: "The model was logged with a signature that names its inputs and outputs.",
  severity: "medium",
  remedy:
    "Log the model with a signature (mlflow.models.infer_signature), register it, evaluate and pin that version.",
  source:
    "Reads the MLflow signature that was logged with the model, without which a scorer can't refuse a wrong request. It has no threshold.",
  waivable: true,
  levels: usualLevels,
  byDefault: "on",
  codes: ["missing", "incomplete"],
  settings: z.strictObject({}),
  check(candidate) {
    if (!candidate.evidence) return noEvidence(candidate, "signature");
    const version = label(candidate.pin);
    const signature = candidate.evidence.signature;
    if (!signature) return [refused("missing", `${version} was logged without a signature.`)];
    const inputs = signature.inputs.length;
    const outputs = signature.outputs.length;
    if (inputs === 0 || outputs === 0) {
      const empty = inputs === 0 ? "inputs" : "outputs";
      return [refused("incomplete", `${version} has a signature that names no ${empty}.`)];
    }
    const reason = `${version} has a signature of ${count(inputs, "input")} and ${count(outputs, "output")}.`;
    return [passed(reason, { value: inputs })];
  },
});
