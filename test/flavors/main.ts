// `npm run test:flavors`: makes the environment with every flavor's packages, then runs test/flavors in it.
//   -- --write              (re)makes docs/flavors.md
//   -- --requirements LOCK  packages of a lock of yours, such as one with torch
//   -- xgboost onnx         only flavors whose names hold one of these
import { spawn } from "node:child_process";
import path from "node:path";
import { parseArgs } from "node:util";
import { ensurePython } from "../../toolchain/python";

const root = path.join(__dirname, "..", "..");

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      write: { type: "boolean", default: false },
      requirements: { type: "string", default: path.join(__dirname, "requirements.lock") },
    },
  });
  const requirements = path.resolve(values.requirements);
  const { python } = await ensurePython(requirements);
  const words = [__dirname, "--requirements", requirements, ...(values.write ? ["--write"] : [])];
  const child = spawn(python, [...words, ...positionals], {
    cwd: root,
    stdio: "inherit",
    env: {
      ...process.env,
      PYTHONPATH: [path.join(root, "serving"), __dirname].join(path.delimiter),
      PYTHONDONTWRITEBYTECODE: "1",
      MLFLOW_DISABLE_TELEMETRY: "true",
    },
  });
  // A terminal's Ctrl-C reaches the child by itself.
  for (const signal of ["SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => child.kill(signal));
  }
  process.on("SIGINT", () => process.stdin.isTTY || child.kill("SIGINT"));
  process.exitCode = await new Promise<number>((resolve) =>
    child.on("close", (code) => resolve(code ?? 1)),
  );
}

void main();
