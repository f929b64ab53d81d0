import { createHash } from "node:crypto";
import type { PortRecord } from "./folder";
import type { ProcessInputs, ProcessOutputs } from "./process";

/** What makes a running process another one when it changes. The rest of the inputs is how it is kept. */
const RESTART_FIELDS = [
  "command",
  "environment",
  "passEnvironment",
  "host",
  "port",
  "files",
  "restartOn",
] as const satisfies readonly (keyof ProcessInputs)[];

/** Hash of what a process is started from; equal for equal inputs, whatever port it got. */
export function specHash(inputs: ProcessInputs): string {
  const fields = RESTART_FIELDS.map((field) => canonical(inputs[field]));
  return createHash("sha256").update(JSON.stringify(fields)).digest("hex");
}

/** Names of the further ports: every `<name>` of a `{port:<name>}`. */
export function portNames(inputs: ProcessInputs): string[] {
  const { command, environment, files, initialFiles } = inputs;
  const text = JSON.stringify([command, environment, files, initialFiles]);
  return [
    ...new Set([...text.matchAll(/\{port:([a-z0-9-]+)\}/g)].map((match) => match[1] ?? "")),
  ].sort();
}

/** The inputs with every `{port}` and `{port:<name>}` replaced. */
export function withPorts(inputs: ProcessInputs, ports: PortRecord): ProcessInputs {
  const fill = (text: string) =>
    text.replace(/\{port(?::([a-z0-9-]+))?\}/g, (_, name = "main") => String(ports[name]));
  const fillAll = (record: Record<string, string>) =>
    Object.fromEntries(Object.entries(record).map(([key, value]) => [key, fill(value)]));
  return {
    ...inputs,
    command: inputs.command.map(fill),
    environment: fillAll(inputs.environment),
    files: fillAll(inputs.files),
    initialFiles: fillAll(inputs.initialFiles),
  };
}

/** The inputs alone, of inputs or of recorded outputs. */
export function inputsOf(recorded: ProcessInputs | ProcessOutputs): ProcessInputs {
  const inputs: ProcessInputs & Partial<ProcessOutputs> = { ...recorded };
  for (const field of ["boundPort", "ports", "address", "pid", "status", "logFile"] as const) {
    delete inputs[field];
  }
  return inputs;
}

/** Have the two the same values, whatever the order of their keys? */
export function sameInputs(one: ProcessInputs, other: ProcessInputs): boolean {
  return JSON.stringify(canonical(inputsOf(one))) === JSON.stringify(canonical(inputsOf(other)));
}

/** Objects as lists of entries sorted by key, so that equal values give equal text. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(canonical);
  }
  if (typeof value === "object" && value !== null) {
    return Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, canonical(inner)]);
  }
  return value;
}
