import { existsSync } from "node:fs";
import { isAbsolute, join, resolve } from "node:path";
import { CliError } from "../errors";
import { projectFile } from "./stack";

/** Any of these makes a folder a program of runtime nodejs. */
const programs = ["package.json", "index.js", "index.ts"];

/**
 * Refuses a `Pulumi.yaml` that doesn't lead to its program or to Tollgate's provider, before the engine says so in its own
 * words, one after the other. A project folder that was copied to elsewhere is such a one: its paths are relative.
 *
 * @param root folder of Tollgate
 * @throws CliError with the lines to write
 */
export function requirePaths(projectDir: string, root: string): void {
  const { main = ".", runtime, plugins } = projectFile(projectDir);
  const program = resolve(projectDir, main);
  const language = typeof runtime === "string" ? runtime : runtime?.name;
  const lost =
    language === "nodejs" && !programs.some((name) => existsSync(join(program, name)))
      ? [`main is ${shown(main, program)}, where no program is`]
      : [];
  const named = plugins?.providers?.find(({ name }) => name === "tollgate")?.path;
  const provider = named === undefined ? null : resolve(projectDir, named);
  if (provider === null && (lost.length > 0 || program === root)) {
    lost.push("plugins.providers has no tollgate");
  } else if (provider !== null && !existsSync(join(provider, "PulumiPlugin.yaml"))) {
    lost.push(`the provider's path is ${shown(named!, provider)}, where none is`);
  }
  if (lost.length === 0) return;
  const lines = [
    `main: ${root}`,
    "plugins:",
    "  providers:",
    "    - name: tollgate",
    `      path: ${join(root, "provider")}`,
  ];
  throw new CliError(
    "project-paths",
    [
      `${join(projectDir, "Pulumi.yaml")} doesn't lead to Tollgate (${lost.join("; ")}): let it say this, or the same as paths from its own folder.`,
      ...lines,
    ].join("\n"),
  );
}

function shown(written: string, means: string): string {
  return isAbsolute(written) ? written : `${written} (${means})`;
}
