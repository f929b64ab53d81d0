import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { findGo, goBuild, goModule } from "../go";
import type { Progress } from "../progress";
import { KUBERNETES_VERSION, PLUGIN_NAME } from "./plugin";

/** Folder with our main package, and the go.mod and go.sum that fix every module of the build. */
const recipe = path.join(__dirname, "kubernetes");
const MODULE = "github.com/pulumi/pulumi-kubernetes/provider/v4";

/** Builds the plugin from the Go module proxy into an empty folder. Throws why it can't, as a clause. */
export async function buildPlugin(
  folder: string,
  progress: Progress,
  searchPath?: string,
): Promise<void> {
  const go = await findGo(searchPath);
  const what = `Pulumi Kubernetes plugin ${KUBERNETES_VERSION}`;
  progress(`Building the ${what}, which takes some minutes`);
  const sources = path.join(folder, "sources");
  mkdirSync(sources);
  for (const name of ["go.mod", "go.sum", "main.go"]) {
    copyFileSync(path.join(recipe, name), path.join(sources, name));
  }
  const module = await goModule(go, sources, MODULE);
  writeEmbedded(path.join(module, "cmd", PLUGIN_NAME), sources);
  const build = {
    what,
    folder: sources,
    package: ".",
    variables: [`${MODULE}/pkg/version.Version=${KUBERNETES_VERSION}`],
    output: path.join(folder, PLUGIN_NAME),
  };
  await goBuild(go, build, progress);
  rmSync(sources, { recursive: true });
}

/** What the program embeds, made as its own repository's `generate.go` makes it: compact, and with the version. */
function writeEmbedded(from: string, to: string): void {
  const read = (name: string) =>
    JSON.parse(readFileSync(path.join(from, name), "utf8")) as Record<string, unknown>;
  const write = (name: string, content: unknown) =>
    writeFileSync(path.join(to, name), JSON.stringify(content));
  write("schema.json", { ...read("schema.json"), version: KUBERNETES_VERSION });
  write("terraform-mapping.json", read("terraform-mapping.json"));
}
