import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { admissionInputs } from "../../admission/candidate";
import { run } from "../../test/support/project";
import { ensureEngine, engineEnvironment } from "../../toolchain/engine";
import type { Judged } from "./candidates";
import { tokens } from "../../policies/resource-tokens";

const root = path.join(__dirname, "..", "..");

const program = `const { CustomResource } = require("@pulumi/pulumi");
require("./inputs.json").forEach((inputs, index) => {
  new CustomResource("${tokens.Admission}", "pin-" + index, { modelUri: undefined, ...inputs });
});
`;

/** What the policy pack adds to a preview, in milliseconds: starting it, and each further candidate. */
export interface PackCost {
  readonly engine: string;
  readonly pack: number;
  readonly candidate: number;
}

/** Previews of a program with few and with many pins by the real engine, with the pack and without, in turn. */
export async function packCost(judged: Judged, rounds: number): Promise<PackCost> {
  const counts = [1, 21] as const;
  const folder = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), "tollgate-bench-gates-"));
  try {
    const engine = await ensureEngine();
    const env = engineEnvironment(engine, folder);
    const pulumi = async (args: readonly string[]) => {
      const began = performance.now();
      const result = await run(engine.binary, [...args, "--non-interactive"], folder, { env });
      if (result.code !== 0)
        throw new Error(`pulumi ended badly\n${result.stdout}${result.stderr}`);
      return performance.now() - began;
    };
    writeProject(folder);
    const { stack } = judged.candidate;
    await pulumi(["stack", "init", stack]);
    const pack = ["--policy-pack", path.join(root, "policies")];
    const times: Record<string, number[]> = {};
    for (const count of counts) {
      writeInputs(folder, judged, count);
      for (let round = -1; round < rounds; round += 1) {
        for (const [what, more] of [
          ["bare", []],
          ["pack", pack],
        ] as const) {
          const time = await pulumi(["preview", "--stack", stack, ...more]);
          // The first round warms caches and doesn't count.
          if (round >= 0) (times[`${what} ${count}`] ??= []).push(time);
        }
      }
    }
    const [few, many] = counts.map(
      (count) => median(times[`pack ${count}`]!) - median(times[`bare ${count}`]!),
    ) as [number, number];
    return {
      engine: engine.version,
      pack: few,
      candidate: (many - few) / (counts[1] - counts[0]),
    };
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

function writeProject(folder: string): void {
  fs.writeFileSync(
    path.join(folder, "Pulumi.yaml"),
    [
      "name: bench-gates",
      "runtime: {name: nodejs, options: {typescript: false}}",
      "backend: {url: 'file://.'}",
      `plugins: {providers: [{name: tollgate, path: ${path.join(root, "provider")}}]}`,
      "",
    ].join("\n"),
  );
  fs.writeFileSync(path.join(folder, "package.json"), '{"name":"bench-gates","main":"index.js"}');
  fs.writeFileSync(path.join(folder, "index.js"), program);
  fs.symlinkSync(path.join(root, "node_modules"), path.join(folder, "node_modules"));
}

/** No branch is named to compare the settings with: the folder has no commits. */
function writeInputs(folder: string, { candidate, gates }: Judged, count: number): void {
  const inputs = Array.from({ length: count }, () =>
    admissionInputs({
      candidate: { ...candidate, settings: "{}" },
      gates,
      stateDir: path.join(folder, ".tollgate", candidate.stack),
      cluster: null,
    }),
  );
  fs.writeFileSync(path.join(folder, "inputs.json"), JSON.stringify(inputs));
}

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
