// Lint and tests of the Python part, in the locked environment; part of `npm test`.
import { spawnSync } from "node:child_process";
import path from "node:path";
import { ensurePython } from "../toolchain/python";

const root = path.join(__dirname, "..");
const sources = ["serving", "runtimes/local/servers", "examples", "bench", "test/flavors"];
const ruff = ["--config", "serving/ruff.toml", "--no-cache", "--quiet", ...sources];

async function main(): Promise<void> {
  const { python } = await ensurePython(path.join(root, "serving", "requirements.lock"));
  const failed = [
    ["-m", "ruff", "check", ...ruff],
    ["-m", "ruff", "format", "--check", ...ruff],
    // A file's tests stay together, as they share models and servers.
    ["-m", "pytest", "-q", "serving/tests", "-p", "no:cacheprovider", "-n", "2", "--dist=loadfile"],
  ].filter((args) => {
    const env = {
      ...process.env,
      PYTHONPATH: path.join(root, "serving"),
      PYTHONDONTWRITEBYTECODE: "1",
    };
    return spawnSync(python, args, { cwd: root, stdio: "inherit", env }).status !== 0;
  });
  process.exitCode = failed.length === 0 ? 0 : 1;
}

void main();
