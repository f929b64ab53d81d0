import { existsSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { z } from "zod";
import { nearest } from "../../strict/problems";
import type { Settings } from "../../config/settings";
import { stackNames } from "../../project/stack-files";
import { codesOf } from "../../policies/codes";
import type { Gate, GateLevel } from "../../policies/gate";
import { gates } from "../../policies/gates";
import { usageError } from "../errors";
import type { Context } from "../context";
import type { Output } from "../terminal/output";
import type { Run } from "../verb";

/** `tollgate explain`: what a gate measures, and what is in force here. Without a gate: all of them, a line each. */
export const run: Run = async (context, { stack }, [name]) => {
  const settings = await settingsHere(context, stack as string | undefined);
  if (name === undefined)
    return explainAll(await Promise.all(gates.map((g) => explain(g, settings))), context.output);
  const gate = gates.find((each) => each.name === name);
  if (!gate) throw unknownGate(name);
  const explained = await explain(gate, settings);
  return { document: explained, text: textOf(explained, context.output) };
};

/** Of the stack that was named, or of the only one there is; null where none is meant. */
async function settingsHere(context: Context, stack: string | undefined): Promise<Settings | null> {
  const isProject = existsSync(join(context.projectDir, "Pulumi.yaml"));
  if (stack === undefined && (!isProject || stackNames(context.projectDir).length !== 1))
    return null;
  return context.settings();
}

interface Explained {
  gate: string;
  description: string;
  severity: Gate["severity"];
  source: string;
  waivable: boolean;
  remedy: string;
  codes: ReturnType<typeof codesOf>;
  /** Null without a stack. */
  here: { stack: string; level: GateLevel; from: string } | null;
  settings: ExplainedSetting[];
}

interface ExplainedSetting {
  name: string;
  description: string;
  /** In force in the stack, or the gate's own default; null when there is neither. */
  value: unknown;
  /** `default`, the tier, or the stack's file. */
  from: string;
}

async function explain(gate: Gate, settings: Settings | null): Promise<Explained> {
  const { name, description, severity, source, waivable, remedy } = gate;
  const given = settings && (await givenByTier(settings));
  const configuration = settings?.gates[name];
  return {
    gate: name,
    description,
    severity,
    source,
    waivable,
    remedy,
    codes: codesOf(gate),
    here:
      settings && given && configuration
        ? {
            stack: settings.stack,
            level: configuration.level,
            from:
              configuration.level === given.level(name)
                ? tierOf(settings)
                : `Pulumi.${settings.stack}.yaml, where ${tierOf(settings)} has ${given.level(name)}`,
          }
        : null,
    settings: explainedSettings(gate, settings, given?.settings(name) ?? {}),
  };
}

/** What a stack's tier gives to a gate, whatever the stack's file says. */
async function givenByTier({ tier }: Settings) {
  const { gateDefaults } = await import("../../policies/configurations");
  const defaults = gateDefaults(tier);
  return {
    level: (gate: string): GateLevel =>
      defaults.settings[gate] === null ? "disabled" : (defaults.levels?.[gate] ?? defaults.level),
    settings: (gate: string) => (defaults.settings[gate] ?? {}) as Record<string, unknown>,
  };
}

function explainedSettings(
  gate: Gate,
  settings: Settings | null,
  given: Readonly<Record<string, unknown>>,
): ExplainedSetting[] {
  const own = defaultsOf(gate);
  const inForce = (settings?.gates[gate.name]?.settings ?? own) as Record<string, unknown>;
  const shape = (gate.settings as z.ZodObject).shape as Readonly<Record<string, z.ZodType>>;
  return Object.entries(shape).map(([name, schema]) => {
    const value = inForce[name] ?? null;
    const from = isDeepStrictEqual(value, given[name])
      ? tierOf(settings!)
      : isDeepStrictEqual(value, own[name] ?? null)
        ? "default"
        : `Pulumi.${settings!.stack}.yaml`;
    return { name, description: schema.description ?? "", value, from };
  });
}

/** The gate's own defaults; a setting that has none is left out. */
function defaultsOf(gate: Gate): Record<string, unknown> {
  const shape = (gate.settings as z.ZodObject).shape as Readonly<Record<string, z.ZodType>>;
  return Object.fromEntries(
    Object.entries(shape).flatMap(([name, schema]) => {
      const { success, data } = schema.safeParse(undefined);
      return success && data !== undefined ? [[name, data]] : [];
    }),
  );
}

function tierOf({ tier }: Settings): string {
  return `tier ${tier}`;
}

function explainAll(all: readonly Explained[], output: Output) {
  const here = all[0]?.here;
  const rows = all.map(({ gate, here, description }) => [
    gate,
    ...(here ? [here.level] : []),
    description,
  ]);
  const headings = ["gate", ...(here ? [`in ${here.stack}`] : []), "what it wants"];
  return {
    document: { stack: here?.stack ?? null, gates: all },
    text: [
      output.table(headings, rows),
      "",
      "More about one: `tollgate explain <gate> --stack <stack>`",
    ].join("\n"),
  };
}

function textOf({ gate, here, settings, codes, ...explained }: Explained, output: Output): string {
  const facts: [string, string][] = [
    ["measures", explained.source],
    ["severity", explained.severity],
    [
      "level",
      here ? `${here.level} in ${here.stack} (${here.from})` : "say which stack with --stack",
    ],
    [
      "waiver",
      explained.waivable
        ? `possible: \`tollgate waive ${gate} --stack ${here?.stack ?? "<stack>"}\``
        : "not possible",
    ],
    ["to mend", explained.remedy],
  ];
  const values = settings.map(({ name, value, from, description }) => [
    name,
    value === null ? "not set" : JSON.stringify(value),
    value === null ? "" : from,
    description,
  ]);
  const refusals = codes.map(({ code, meaning }) => [code, meaning]);
  return [
    `${gate}: ${explained.description}`,
    "",
    ...facts.map(([name, value]) => `${name.padEnd(8)}  ${value}`),
    ...(values.length > 0
      ? ["", output.table(["setting", "value", "from", "what it is"], values)]
      : []),
    "",
    output.table(["refused as", "when"], refusals),
  ].join("\n");
}

function unknownGate(name: string) {
  const names = gates.map((gate) => gate.name);
  const meant = nearest(name, names);
  const hint = meant ? `did you mean ${meant}?` : `there are ${names.join(", ")}.`;
  return usageError(`There is no gate ${JSON.stringify(name)}: ${hint}`);
}
