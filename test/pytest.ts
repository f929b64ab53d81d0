// Runs pytest in the locked Python environment; part of `npm test`.
import { spawnSync } from "node:child_process";
import path from "node:path";
import { ensurePython } from "../toolchain/python";

const root = path.join(__dirname, "..");

async function main(): Promise<void> {
  const { python } = await ensurePython(path.join(root, "serving", "requirements.lock"));
  const { status } = spawnSync(
    python,
    ["-m", "pytest", "-q", "serving/tests", "-p", "no:cacheprovider"],
    {
      cwd: root,
      stdio: "inherit",
      env: { ...process.env, PYTHONPATH: path.join(root, "serving"), PYTHONDONTWRITEBYTECODE: "1" },
    },
  );
  process.exitCode = status ?? 1;
}

void main();
