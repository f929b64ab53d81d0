import type { Evidence } from "../registry/evidence";
import type { Candidate, GateConfiguration, GateConfigurations, Verdict } from "./gate";
import { judge } from "./judge";

/** What a version's bytes say of it before anything in them is loaded. */
export type InspectedBytes = Pick<Evidence, "model" | "code" | "dependencies">;

/**
 * The gates that judge bytes alone. They are asked before a scorer is started: what they refuse isn't loaded at all.
 * By name, with the settings that need no scorer; null where a stack's settings name none of these.
 */
const ofBytes: Readonly<Record<string, (settings: unknown) => unknown>> = {
  "safe-code": (settings) => settings,
  dependencies: (settings) => settings,
  size: (settings) => {
    const { modelBytes } = (settings ?? {}) as { modelBytes?: number };
    return modelBytes === undefined ? null : { modelBytes };
  },
};

/**
 * Judges a version by its bytes.
 *
 * @param candidate what else is known of it: waivers and approvals count as they do later
 * @throws GateConfigurationError as `judge` does
 */
export function judgeBytes(
  candidate: Candidate,
  inspected: InspectedBytes,
  gates: GateConfigurations,
): Verdict[] {
  const configurations = Object.fromEntries(
    Object.entries(gates).map(([name, gate]) => [name, forBytes(name, gate)]),
  );
  // Only what these gates read: a document of a whole evaluation is what follows.
  const evidence = inspected as Evidence;
  // Nor by what settings: where those weren't reviewed, the reviewed level would bring its gate in here.
  return judge({ ...candidate, evidence, problem: null, review: null }, configurations);
}

function forBytes(name: string, gate: GateConfiguration): GateConfiguration {
  const settings = ofBytes[name]?.(gate.settings) ?? null;
  return settings === null ? { ...gate, level: "disabled" } : { ...gate, settings };
}
