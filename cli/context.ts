import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Settings } from "../config/settings";
import { stackNames } from "../config/stack-files";
import { CliError, usageError } from "./errors";
import type { Output } from "./output";

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

/**
 * Opens the project folder that a verb was run in or was given by `--cwd`.
 *
 * @param needsProject does the verb need one at all? Otherwise any folder will do.
 */
export function openContext(options: GlobalOptions, output: Output, needsProject = true): Context {
  const projectDir = resolve(options.cwd ?? ".");
  if (needsProject && !existsSync(join(projectDir, "Pulumi.yaml"))) {
    throw new CliError(
      "no-project",
      `${projectDir} has no Pulumi.yaml: run this in a project folder, or name one with --cwd.`,
    );
  }
  const stack = () => chooseStack(projectDir, options.stack);
  return {
    projectDir,
    output,
    stack,
    async settings(name) {
      const { loadFromFile } = await import("../config/load");
      return loadFromFile(projectDir, name === undefined ? stack() : chooseStack(projectDir, name));
    },
  };
}
