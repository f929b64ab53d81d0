import { chmodSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { bundle } from "../bundle.cjs";
import { isExecutable } from "../processes";

const source = path.join(__dirname, "..", "language-host");

/** Name under which the engine looks for what runs Node programs. */
export const HOST_NAME = "pulumi-language-nodejs";

/** Names that the engine looks for, by content. One file each, so that nothing else has to be found at run time. */
function hostFiles(): Record<string, string> {
  return {
    [HOST_NAME]: `#!/usr/bin/env node\n${withoutMap(readFileSync(bundle(path.join(source, "main.ts")), "utf8"))}`,
    "tollgate-prelude.cjs": readFileSync(path.join(source, "prelude.cjs"), "utf8"),
    "pulumi-resource-pulumi-nodejs": readFileSync(
      path.join(source, "dynamic-provider.cjs"),
      "utf8",
    ),
  };
}

/** Puts our language host and the launcher of dynamic providers into a folder, replacing older ones of ours. */
export function writeHost(folder: string): void {
  for (const [name, content] of Object.entries(hostFiles())) {
    const file = path.join(folder, name);
    if (isExecutable(file) && readFileSync(file, "utf8") === content) continue;
    const draft = `${file}.${process.pid}.tmp`;
    writeFileSync(draft, content);
    chmodSync(draft, 0o755);
    renameSync(draft, file);
  }
}

function withoutMap(code: string): string {
  return code.replace(/\n\/\/# sourceMappingURL=.*\n?$/, "\n");
}
