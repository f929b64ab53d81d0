import { z } from "zod";
import { changesOf } from "../contract-changes";
import { comparisonOf } from "../deployed";
import { label, passed, refused } from "../finding";
import { defineGate } from "../gate";
import { comparisonCodes } from "../codes";
import { usualLevels } from "../levels";

/**
 * Refuses a version whose signature breaks callers of the deployed one: a removed, narrowed or reordered input, a new
 * input that is required, a changed output. A new optional input and a widened one pass. The reason says every change.
 */
export const contract = defineGate({
  name: "contract",
  description: "Callers of the deployed version can call this one with the same requests.",
  severity: "high",
  remedy:
    "Keep the deployed inputs and outputs and add new inputs as optional, or release the new contract under another model name.",
  source:
    "Compares the two versions' MLflow signatures column by column. An input is widened when the real scorer takes every value it took before. It has no threshold.",
  waivable: true,
  levels: usualLevels,
  byDefault: "on",
  codes: ["breaks-callers", "no-signature", ...comparisonCodes],
  settings: z.strictObject({}),
  check(candidate) {
    const compared = comparisonOf(candidate, "contract");
    if (compared.findings) return compared.findings;
    const { evidence, comparison } = compared;
    const version = label(candidate.pin);
    const deployed = label(comparison.deployed);
    const [now, before] = [evidence.signature, comparison.deployed.signature];
    if (!now || !before) {
      const reason = now
        ? `${deployed} was logged without a signature, so nobody can tell whether ${version} breaks its callers.`
        : `${version} was logged without a signature, so nobody can tell whether it breaks callers of ${deployed}.`;
      return [refused("no-signature", reason)];
    }
    const changes = changesOf(before, now);
    const breaking = changes.filter((change) => change.breaks);
    const facts = { value: breaking.length, threshold: 0, margin: 0 - breaking.length };
    const clauses = (which: typeof changes) => which.map(({ text }) => text).join("; ");
    if (breaking.length > 0) {
      const harmless = changes.filter((change) => !change.breaks);
      const rest = harmless.length > 0 ? ` (harmless: ${clauses(harmless)})` : "";
      const reason = `${version} breaks callers of ${deployed}: ${clauses(breaking)}${rest}.`;
      return [refused("breaks-callers", reason, facts)];
    }
    const same = changes.length === 0 ? "has the same contract as" : "can be called like";
    const what = changes.length === 0 ? "" : `: ${clauses(changes)}`;
    return [passed(`${version} ${same} ${deployed}${what}.`, { ...facts, margin: 0 })];
  },
});
