import path from "node:path";
import { nearest } from "../strict/problems";

/** What our settings begin with. */
export const namespace = "tollgate";

/** The project that a stack's file belongs to, as far as it matters whose a key is. */
export interface Project {
  /** Whose namespace a key without one gets. Null when it isn't known. */
  readonly name: string | null;
  /** Is its program Tollgate's own, which reads no settings but ours? */
  readonly ours: boolean;
}

/** Folder of Tollgate's own program. */
const ownProgram = path.resolve(__dirname, "..");

/** What `Pulumi.yaml` says of its project. */
export function projectFrom(document: unknown, projectDir: string): Project {
  const { name, main } = (document ?? {}) as { name?: unknown; main?: unknown };
  return {
    name: typeof name === "string" ? name : null,
    ours: path.resolve(projectDir, typeof main === "string" ? main : ".") === ownProgram,
  };
}

/**
 * Keys of `config` that aren't ours and were meant to be, a line each: nobody would read them, and a default would be in
 * force. Other namespaces are those of Pulumi's packages, or of a program that a user wrote.
 *
 * @param keys as written, with or without a namespace
 * @param settings names of our settings
 */
export function strangers(
  keys: readonly string[],
  settings: readonly string[],
  project: Project,
): string[] {
  return keys.flatMap((key) => {
    const at = key.indexOf(":");
    if (at === -1) return project.ours ? [`${key}: ${withoutNamespace(key, settings)}`] : [];
    const [space, name] = [key.slice(0, at), key.slice(at + 1)];
    if (space === namespace) return [];
    // The engine gives a key without a namespace that of the project.
    if (space === project.name)
      return project.ours ? [`${key}: ${withoutNamespace(name, settings)}`] : [];
    if (!isMeant(space)) return [];
    return [`${key}: unknown namespace ${space}, ${meant(name, settings)}`];
  });
}

/** Keys beside `config` that were meant to be in it, a line each. */
export function misplaced(keys: readonly string[]): string[] {
  return keys.flatMap((key) => {
    const [space = "", ...name] = key.split(":");
    const ours = name.length > 0 && (space === namespace || isMeant(space));
    return ours ? [`${key}: stands beside config, write it inside, indented`] : [];
  });
}

function isMeant(space: string): boolean {
  return nearest(space.toLowerCase(), [namespace]) !== undefined;
}

function withoutNamespace(key: string, settings: readonly string[]): string {
  return `has not the namespace ${namespace}, ${meant(key, settings)}`;
}

function meant(key: string, settings: readonly string[]): string {
  const setting = settings.includes(key) ? key : nearest(key, settings);
  return setting
    ? `did you mean ${namespace}:${setting}?`
    : `settings are ${[...settings]
        .sort()
        .map((each) => `${namespace}:${each}`)
        .join(", ")}`;
}
