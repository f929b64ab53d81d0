import { cpSync, rmSync } from "node:fs";
import path from "node:path";
import { findGo, goBuild, goModule } from "../go";
import type { Progress } from "../progress";
import { executableOf, inWords } from "./plugin";
import type { Recipe } from "./recipes";

/** Builds a plugin from the Go module proxy into an empty folder. Throws why it can't, as a clause. */
export async function buildPlugin(
  { release, takes, tags, versionVariable, embeds }: Recipe,
  folder: string,
  progress: Progress,
  searchPath?: string,
): Promise<void> {
  const go = await findGo(searchPath);
  const what = inWords(release);
  progress(`Building the ${what}, which takes ${takes}`);
  const sources = path.join(folder, "sources");
  cpSync(path.join(__dirname, release.name), sources, { recursive: true });
  embeds?.write(await goModule(go, sources, embeds.module), sources);
  const build = {
    what,
    folder: sources,
    package: ".",
    tags,
    variables: [`${versionVariable}=${release.version}`],
    output: path.join(folder, executableOf(release)),
  };
  await goBuild(go, build, progress);
  rmSync(sources, { recursive: true });
}
