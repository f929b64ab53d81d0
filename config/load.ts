import path from "node:path";
import { SettingsError } from "../project/errors";
import { contentOf, realFolder, stackFile } from "../project/stack-files";
import { pathText } from "../strict/problems";
import { resolveSettings, stackSchema } from "./resolve";
import type { Settings } from "./settings";
import { misplaced, namespace, type Project, projectFrom, strangers } from "./strangers";

const prefix = `${namespace}:`;

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
  const projectDir = pulumi.runtime.getRootDirectory();
  const all = Object.entries(pulumi.runtime.allConfig());
  const written = all.filter(([key]) => key.startsWith(prefix));
  // Exported by the SDK, but left out of its types.
  const { isConfigSecret } = pulumi.runtime as unknown as { isConfigSecret(key: string): boolean };
  const secret = written.filter(([key]) => isConfigSecret(key));
  try {
    return settingsFrom(
      Object.fromEntries(written.map(([key, value]) => [key.slice(prefix.length), value])),
      {
        secret: secret.map(([key]) => key),
        lost: await lostIn(
          all.map(([key]) => key),
          projectDir,
        ),
      },
      { stack, projectDir },
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
  const file = stackFile(projectDir, stack);
  return loadFromText(contentOf(file), file, {
    stack,
    projectDir: path.resolve(projectDir),
  });
}

/**
 * The same from the text of a stack's file, such as a commit holds.
 *
 * @param file how the text is called in errors
 * @throws SettingsError with all problems at once
 */
export async function loadFromText(
  text: string,
  file: string,
  place: { stack: string; projectDir: string },
): Promise<Settings> {
  const { parse } = await import("yaml");
  const { config, beside } = configIn(text, file, parse);
  const written = Object.entries(config)
    .filter(([key]) => key.startsWith(prefix))
    .map(([key, value]) => [key.slice(prefix.length), value] as const);
  const secret = written.flatMap(([key, value]) => securePaths(value, [key]));
  const lost = [...(await lostIn(Object.keys(config), place.projectDir)), ...misplaced(beside)];
  return settingsFrom(Object.fromEntries(written), { secret, lost }, place);
}

/** What is wrong with keys that aren't ours. Most files have none, and ask for no second file to be read. */
async function lostIn(keys: readonly string[], projectDir: string): Promise<string[]> {
  const others = keys.filter((key) => !key.startsWith(prefix));
  if (others.length === 0) return [];
  return strangers(others, settingNames, await projectIn(projectDir));
}

/** What `Pulumi.yaml` says; nothing where it can't be read, which the engine tells better. */
async function projectIn(projectDir: string): Promise<Project> {
  const { parse } = await import("yaml");
  try {
    return projectFrom(parse(contentOf(path.join(projectDir, "Pulumi.yaml"))), projectDir);
  } catch {
    return { name: null, ours: false };
  }
}

/** The keys of a stack's file: those of `config`, and the names of those beside it. */
function configIn(
  text: string,
  file: string,
  parse: (typeof import("yaml"))["parse"],
): { config: Record<string, unknown>; beside: string[] } {
  let document: unknown;
  try {
    document = parse(text, { merge: true, customTags: ["timestamp"] });
  } catch (error) {
    const [first] = (error as Error).message.split("\n");
    throw new SettingsError(`${file} can't be read as YAML: ${first!.replace(/:$/, "")}.`);
  }
  const config: unknown = (document as { config?: unknown } | null)?.config ?? {};
  const beside = isGroup(document) ? Object.keys(document) : [];
  if (isGroup(config)) return { config, beside };
  throw new SettingsError(`${file} has a "config" that isn't a group of settings.`);
}

/** What both readers have in common: values as the engine hands them on, refused where the two would differ. */
function settingsFrom(
  written: Readonly<Record<string, unknown>>,
  /** Keys that hold a secret, and what is wrong with keys that aren't ours. */
  { secret, lost }: { secret: readonly string[]; lost: readonly string[] },
  place: { stack: string; projectDir: string },
): Settings {
  const raw = Object.fromEntries(
    Object.entries(written).map(([key, value]) => [key, valueOf(key, value)]),
  );
  const problems = [
    ...lost,
    ...secret.map(
      (key) => `${key}: is a secret, and settings hold none; name an environment variable`,
    ),
    ...Object.entries(raw).flatMap(([key, value]) => dateProblems(value, [key])),
  ];
  if (problems.length > 0) throw SettingsError.of(`Pulumi.${place.stack}.yaml`, problems);
  const projectDir = realFolder(place.projectDir);
  return resolveSettings(raw, { ...place, projectDir, requirements: ownRequirements });
}

const settingNames = Object.keys(stackSchema.shape);

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
    return [`${prefix}${pathText(at)}: is a date without quotes; write it in quotes`];
  }
  return children(value).flatMap(([key, child]) => dateProblems(child, [...at, key]));
}

/** Where a value is `{secure: …}`, the engine's form of a secret. */
function securePaths(value: unknown, at: readonly (string | number)[]): string[] {
  if (isGroup(value) && Object.keys(value).length === 1 && typeof value["secure"] === "string") {
    return [`${prefix}${pathText(at)}`];
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
