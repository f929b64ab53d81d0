import fs from "node:fs";
import path from "node:path";
import { SettingsError } from "./errors";
import { pathText } from "./problems";
import { resolveSettings, stackSchema } from "./resolve";
import type { Settings } from "./settings";
import { stackFile } from "./stack-files";

const namespace = "tollgate:";

/** Locked requirements of training and scoring for a stack that names none. */
const ownRequirements = path.resolve(__dirname, "..", "serving", "requirements.lock");

/**
 * Settings of the stack whose program is running.
 *
 * @throws the engine's RunError with all problems at once, which it shows without a stack trace
 */
export async function loadFromPulumi(): Promise<Settings> {
  const pulumi = await import("@pulumi/pulumi");
  const stack = pulumi.getStack();
  const written = Object.entries(pulumi.runtime.allConfig()).filter(([key]) =>
    key.startsWith(namespace),
  );
  // Exported by the SDK, but left out of its types.
  const { isConfigSecret } = pulumi.runtime as unknown as { isConfigSecret(key: string): boolean };
  const secret = written.filter(([key]) => isConfigSecret(key));
  try {
    return settingsFrom(
      Object.fromEntries(written.map(([key, value]) => [key.slice(namespace.length), value])),
      secret.map(([key]) => key),
      { stack, projectDir: pulumi.runtime.getRootDirectory() },
    );
  } catch (error) {
    throw error instanceof SettingsError ? new pulumi.RunError(error.message) : error;
  }
}

/**
 * Settings of a stack, from its file in a project folder, without the engine.
 *
 * @throws SettingsError with all problems at once, or that lists the stacks there are
 */
export async function loadFromFile(projectDir: string, stack: string): Promise<Settings> {
  const { parse } = await import("yaml");
  const file = stackFile(projectDir, stack);
  const config = await readConfig(file, parse);
  const written = Object.entries(config)
    .filter(([key]) => key.startsWith(namespace))
    .map(([key, value]) => [key.slice(namespace.length), value] as const);
  const secret = written.flatMap(([key, value]) => securePaths(value, [key]));
  return settingsFrom(Object.fromEntries(written), secret, {
    stack,
    projectDir: path.resolve(projectDir),
  });
}

async function readConfig(
  file: string,
  parse: (typeof import("yaml"))["parse"],
): Promise<Record<string, unknown>> {
  let document: unknown;
  try {
    document = parse(fs.readFileSync(file, "utf8"), { merge: true, customTags: ["timestamp"] });
  } catch (error) {
    const [first] = (error as Error).message.split("\n");
    throw new SettingsError(`${file} can't be read as YAML: ${first!.replace(/:$/, "")}.`);
  }
  const config: unknown = (document as { config?: unknown } | null)?.config ?? {};
  if (isGroup(config)) return config;
  throw new SettingsError(`${file} has a "config" that isn't a group of settings.`);
}

/** What both readers have in common: values as the engine hands them on, refused where the two would differ. */
function settingsFrom(
  written: Readonly<Record<string, unknown>>,
  secret: readonly string[],
  place: { stack: string; projectDir: string },
): Settings {
  const raw = Object.fromEntries(
    Object.entries(written).map(([key, value]) => [key, valueOf(key, value)]),
  );
  const problems = [
    ...secret.map(
      (key) => `${key}: is a secret, and settings hold none; name an environment variable`,
    ),
    ...Object.entries(raw).flatMap(([key, value]) => dateProblems(value, [key])),
  ];
  if (problems.length > 0) throw SettingsError.of(`Pulumi.${place.stack}.yaml`, problems);
  return resolveSettings(raw, { ...place, requirements: ownRequirements });
}

/** Keys whose value is a plain text; all others are groups, which the engine hands on as JSON. */
const textKeys = new Set(
  Object.entries(stackSchema.shape)
    .filter(([, schema]) => ["string", "enum"].includes(innermost(schema).def.type))
    .map(([key]) => key),
);

function innermost(schema: unknown): { def: { type: string; innerType?: unknown } } {
  const typed = schema as ReturnType<typeof innermost>;
  return typed.def.innerType ? innermost(typed.def.innerType) : typed;
}

function valueOf(key: string, value: unknown): unknown {
  if (textKeys.has(key)) {
    return typeof value === "number" || typeof value === "boolean" ? String(value) : value;
  }
  if (typeof value !== "string") return value;
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return value;
  }
}

/** The engine rewrites a date without quotes as `2026-01-31 00:00:00 +0000 UTC`, which nobody meant. */
function dateProblems(value: unknown, at: readonly (string | number)[]): string[] {
  const rewritten = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)? [+-]\d{4} \S+$/;
  if (value instanceof Date || (typeof value === "string" && rewritten.test(value))) {
    return [`${namespace}${pathText(at)}: is a date without quotes; write it in quotes`];
  }
  return children(value).flatMap(([key, child]) => dateProblems(child, [...at, key]));
}

/** Where a value is `{secure: …}`, the engine's form of a secret. */
function securePaths(value: unknown, at: readonly (string | number)[]): string[] {
  if (isGroup(value) && Object.keys(value).length === 1 && typeof value["secure"] === "string") {
    return [`${namespace}${pathText(at)}`];
  }
  return children(value).flatMap(([key, child]) => securePaths(child, [...at, key]));
}

function children(value: unknown): (readonly [string | number, unknown])[] {
  if (Array.isArray(value)) return value.map((child, index) => [index, child] as const);
  return isGroup(value) ? Object.entries(value) : [];
}

function isGroup(value: unknown): value is Record<string, unknown> {
  return (
    typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date)
  );
}
