import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { Settings } from "../config/settings";
import { realFolder, requireStackName, stackNames } from "../project/stack-files";
import { CliError, usageError } from "./errors";
import type { Output } from "./terminal/output";

/** Folder of Tollgate itself, with `serving/`, `policies/` and the packages. */
export const root = resolve(__dirname, "..");

/** The options every verb has. */
export interface GlobalOptions {
  stack?: string;
  cwd?: string;
  json?: boolean;
  verbose?: boolean;
}

/** What a verb works with. */
export interface Context {
  /** Folder with `Pulumi.yaml`, absolute. */
  readonly projectDir: string;
  readonly output: Output;
  /** Is it clear which stack is meant: is one given, or is there only one? */
  readonly knowsStack: boolean;
  /** The stack given by `--stack`, or the only one there is. Throws when neither is so. */
  stack(): string;
  /** Settings of that stack, or of another one of this project. Read again each time: a verb may have changed them. */
  settings(stack?: string): Promise<Settings>;
}

/** The stack to work on, from `--stack` and the settings files there are. */
export function chooseStack(projectDir: string, asked: string | undefined): string {
  const stacks = stackNames(projectDir);
  const list = stacks.join(", ");
  if (asked !== undefined) {
    if (stacks.includes(asked)) return asked;
    requireUsableName(asked);
    const there = stacks.length === 0 ? "this project has no stack yet" : `there are ${list}`;
    throw usageError(
      `There is no stack "${asked}" in ${projectDir} (${there}): write Pulumi.${asked}.yaml.`,
    );
  }
  const [only, ...more] = stacks;
  if (only === undefined) {
    throw usageError(
      `${projectDir} has no stack: write a Pulumi.<stack>.yaml, such as Pulumi.dev.yaml.`,
    );
  }
  if (more.length > 0) throw usageError(`Say which stack with --stack: one of ${list}.`);
  return only;
}

function requireUsableName(stack: string): void {
  try {
    requireStackName(stack);
  } catch (error) {
    throw usageError((error as Error).message);
  }
}

/** The nearest folder with a `Pulumi.yaml`: the one given, or one above it, as git and Pulumi look; null without one. */
function projectAbove(folder: string): string | null {
  if (existsSync(join(folder, "Pulumi.yaml"))) return folder;
  const above = dirname(folder);
  return above === folder ? null : projectAbove(above);
}

/**
 * Opens the project folder that a verb was run in or was given by `--cwd`, or that this one is inside of.
 *
 * @param needsProject does the verb need one at all? Otherwise any folder will do.
 */
export function openContext(options: GlobalOptions, output: Output, needsProject = true): Context {
  const folder = realFolder(options.cwd ?? ".");
  const found = projectAbove(folder);
  if (needsProject && found === null) {
    throw new CliError(
      "no-project",
      `Neither ${folder} nor a folder above it has a Pulumi.yaml: run this in a project folder, or name one with --cwd.`,
    );
  }
  const projectDir = found ?? folder;
  // Said, as it may not be the one that was meant.
  if (needsProject && projectDir !== folder) output.note(`In project ${projectDir}.`, "dim");
  const stack = () => chooseStack(projectDir, options.stack);
  return {
    projectDir,
    output,
    get knowsStack() {
      return options.stack !== undefined || stackNames(projectDir).length === 1;
    },
    stack,
    async settings(name) {
      const { loadFromFile } = await import("../config/load");
      return loadFromFile(projectDir, name === undefined ? stack() : chooseStack(projectDir, name));
    },
  };
}
