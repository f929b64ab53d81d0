import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { DOCKER, executableOf, KUBERNETES, type PluginRelease } from "./plugin";

/** How a plugin is built with Go. Its main package, go.mod and go.sum lie in the folder of the plugin's name here. */
export interface Recipe {
  readonly release: PluginRelease;
  /** What a first build takes, for whoever waits for it: `about 5 minutes and 80 MB`. */
  readonly takes: string;
  /** Build tags of Go. */
  readonly tags: readonly string[];
  /** Variable of the program that is set to the version: `<import path>.<name>`. */
  readonly versionVariable: string;
  /**
   * Module whose files the program embeds, and which writes them into the sources as the program wants them.
   * Null: all that it embeds lies in the folder.
   */
  readonly embeds: {
    readonly module: string;
    /** @param from the module's folder @param to the sources of the build */
    write(from: string, to: string): void;
  } | null;
}

const MODULE = "github.com/pulumi/pulumi-kubernetes/provider/v4";

/** The plugin's own module with a main package of ours, because its own embeds files that its repository generates. */
export const kubernetesRecipe: Recipe = {
  release: KUBERNETES,
  takes: "about 8 minutes and 310 MB",
  tags: [],
  versionVariable: `${MODULE}/pkg/version.Version`,
  embeds: {
    module: MODULE,
    write: (from, to) => writeEmbedded(path.join(from, "cmd", executableOf(KUBERNETES)), to),
  },
};

/**
 * The Terraform provider for Docker, bridged under the names that `@pulumi/docker` has for everything, since the
 * plugin's own module isn't on the Go module proxy. It has no `docker.Image`, which is the plugin's own code: images are
 * made by `docker.RemoteImage`.
 */
export const dockerRecipe: Recipe = {
  release: DOCKER,
  takes: "about 5 minutes and 80 MB",
  // Without the provider's resource for compose files, which npm's package doesn't have: on macOS it needs a C compiler.
  tags: ["no_compose"],
  versionVariable: "main.version",
  embeds: null,
};

/** What the program embeds, made as its own repository's `generate.go` makes it: compact, and with the version. */
function writeEmbedded(from: string, to: string): void {
  const read = (name: string) =>
    JSON.parse(readFileSync(path.join(from, name), "utf8")) as Record<string, unknown>;
  const write = (name: string, content: unknown) =>
    writeFileSync(path.join(to, name), JSON.stringify(content));
  write("schema.json", { ...read("schema.json"), version: KUBERNETES.version });
  write("terraform-mapping.json", read("terraform-mapping.json"));
}
