// What the Kubernetes plugin itself writes as YAML for manifests that are declared to it, with no cluster.
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { parseAllDocuments } from "yaml";
import type { Manifest } from "../../../runtimes/kubernetes/manifests/manifest";
import { engineEnvironment, ensureEngine } from "../../../toolchain/engine";
import { ensureKubernetesPlugin } from "../../../toolchain/plugins";
import { run } from "../../support/project";

const root = path.join(__dirname, "..", "..", "..");

/** Declares manifests to the real engine and plugin, and gives the objects that the plugin wrote. */
export async function writtenByThePlugin(manifests: readonly Manifest[]): Promise<Manifest[]> {
  const dir = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), "tollgate-plugin-"));
  try {
    const write = (file: string, text: string) => fs.writeFileSync(path.join(dir, file), text);
    write(
      "Pulumi.yaml",
      "name: files\nruntime: {name: nodejs, options: {typescript: false}}\nmain: index.js\nbackend: {url: 'file://.'}\n",
    );
    write("package.json", '{"name":"files","version":"1.0.0","main":"index.js"}');
    const [bundle, program] = ["toolchain/bundle.cjs", "test/cluster/render/program.ts"].map(
      (file) => JSON.stringify(path.join(root, file)),
    );
    write(
      "index.js",
      `require(${bundle}).requireBundled(${program}, { external: ["@pulumi"] });\n`,
    );
    write("manifests.json", JSON.stringify(manifests));
    fs.symlinkSync(path.join(root, "node_modules"), path.join(dir, "node_modules"));
    const engine = await ensureEngine();
    const environment = engineEnvironment(engine, dir);
    await ensureKubernetesPlugin(engine, environment);
    const env = { ...environment, PULUMI_CONFIG_PASSPHRASE: "" } as Record<string, string>;
    const up = ["up", "--yes", "--skip-preview", "--non-interactive", "--stack", "files"];
    for (const args of [["stack", "init", "files"], up]) {
      const { code, stdout, stderr } = await run(engine.binary, args, dir, { env });
      if (code !== 0) throw new Error(`pulumi ${args[0]} ended with ${code}\n${stdout}${stderr}`);
    }
    return objectsIn(path.join(dir, "rendered"));
  } finally {
    fs.rmSync(dir, { recursive: true, force: true });
  }
}

function objectsIn(folder: string): Manifest[] {
  return fs
    .readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".yaml"))
    .flatMap((file) => parseAllDocuments(fs.readFileSync(path.join(folder, file), "utf8")))
    .map((document) => document.toJS() as Manifest);
}
