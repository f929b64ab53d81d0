import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** A temporary folder with files by relative path. */
export function temporaryFolder(files: Record<string, string> = {}): {
  dir: string;
  remove(): void;
} {
  const dir = mkdtempSync(join(tmpdir(), "tollgate-cli-"));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), text);
  }
  return { dir, remove: () => rmSync(dir, { recursive: true, force: true }) };
}

/** Settings files of a project whose registry and scorer nobody runs: ports 3 and 4 are never served. */
export function deadProject(): Record<string, string> {
  const stack = (tier: string, pin: string) => `config:
  tollgate:tier: ${tier}
  tollgate:model: churn-model
${pin}  tollgate:trackingServer: { port: 3, timeoutSeconds: 30 }
  tollgate:scorer: { port: 4 }
  tollgate:train: { command: [python, train.py], data: data.csv }
  tollgate:evaluation: { data: data.csv, label: label }
`;
  return {
    "Pulumi.yaml": "name: dead\nruntime: nodejs\nbackend: { url: 'file://.' }\n",
    "Pulumi.dev.yaml": stack("dev", ""),
    "Pulumi.staging.yaml": stack("staging", `  tollgate:pin: 2@sha256:${"a".repeat(64)}\n`),
    "data.csv": "x,label\n1,0\n",
  };
}
