import { z } from "zod";
import { parseInWords, type Problem } from "../strict/problems";
import type { Gate, GateConfiguration, GateConfigurations, GateLevel, Tier } from "./gate";
import { gates } from "./gates";
import { levels, usualLevels } from "./levels";

/** What a tier gives: the level of all gates, and settings by gate name. `null` switches the gate off. */
export interface GateDefaults {
  readonly level: GateLevel;
  /** Levels of single gates that differ from the rest. */
  readonly levels?: Readonly<Record<string, GateLevel>>;
  /** A gate that isn't named has no settings to give. */
  readonly settings: Readonly<Record<string, object | null>>;
}

/** What a tier gives to the gates, as each of them states it. */
export function gateDefaults(tier: Tier): GateDefaults {
  const level = usualLevels[tier];
  const differing = gates.filter(({ levels }) => levels[tier] !== level);
  const given = gates.flatMap(({ name, byDefault }): [string, object | null][] => {
    if (byDefault === "on") return [];
    return [[name, byDefault === "off" ? null : (byDefault[tier] as object | null)]];
  });
  return {
    level,
    levels: Object.fromEntries(differing.map(({ name, levels }) => [name, levels[tier]])),
    settings: Object.fromEntries(given),
  };
}

const level = z
  .enum(levels)
  .describe("mandatory: a refusal stops. advisory: it is shown. disabled: not judged.");

/** The `tollgate:gates` setting: a level for all gates, and an entry by gate name. */
export const gatesSchema = z.strictObject({
  level: level
    .optional()
    .describe("Level of every gate that has none of its own. Default: the tier's."),
  ...Object.fromEntries(gates.map((gate) => [gate.name, entrySchema(gate)])),
});

/** A gate's own settings, none of them required here (the tier may give them), and its level. */
function entrySchema(gate: Gate): z.ZodType {
  const own = (gate.settings as z.ZodObject).partial().extend({ level: level.optional() });
  return own.optional().describe(gate.description);
}

/**
 * Level and settings of every gate, from what the stack says and what its tier gives.
 *
 * The level is the entry's, else `gates.level`, else the tier's. An entry with settings replaces the tier's settings of
 * that gate entirely; one with nothing but a level keeps them. A gate that the tier switches off stays off until the
 * stack has an entry for it.
 *
 * @param input `tollgate:gates` as written, already checked by `gatesSchema`
 * @returns configurations with the gates' own defaults filled in, and what is wrong, with paths from `gates`
 */
export function resolveGateConfigurations(
  input: Readonly<Record<string, unknown>> | undefined,
  defaults: GateDefaults,
): { configurations: GateConfigurations; problems: Problem[] } {
  const problems: Problem[] = [];
  const configurations: Record<string, GateConfiguration> = {};
  for (const gate of gates) {
    const entry = input?.[gate.name] as
      ({ level?: GateLevel } & Record<string, unknown>) | undefined;
    const { level: ownLevel, ...own } = entry ?? {};
    const given = defaults.settings[gate.name];
    const off = given === null && entry === undefined;
    const level = off
      ? "disabled"
      : (ownLevel ?? (input?.level as GateLevel) ?? defaults.levels?.[gate.name] ?? defaults.level);
    const tierLevel =
      given === null ? "disabled" : (defaults.levels?.[gate.name] ?? defaults.level);
    const lowered = levels.indexOf(level) > levels.indexOf(tierLevel) ? { lowered: tierLevel } : {};
    const settings = Object.keys(own).length > 0 ? own : (given ?? {});
    const parsed = parseInWords(gate.settings, settings);
    if (level === "disabled") {
      configurations[gate.name] = { level, settings: parsed.data ?? {}, ...lowered };
    } else if (parsed.problems) {
      problems.push(
        ...parsed.problems.map(({ path, text }) => ({ path: [gate.name, ...path], text })),
      );
    } else {
      configurations[gate.name] = { level, settings: parsed.data, ...lowered };
    }
  }
  return { configurations, problems };
}
