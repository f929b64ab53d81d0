// npm run safe-names: compares the list of names that models may load with what the packages of the locked environment
// write, `-- --write` writes it anew, and `-- --python PYTHON` uses an environment that has xgboost, lightgbm and catboost
// as well (without them their part of the list stays as it is).
import { spawnSync } from "node:child_process";
import path from "node:path";
import { parseArgs } from "node:util";
import { ensurePython } from "./python";

const root = path.join(__dirname, "..");

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { write: { type: "boolean", default: false }, python: { type: "string" } },
  });
  const python =
    values.python ?? (await ensurePython(path.join(root, "serving", "requirements.lock"))).python;
  const write = values.write ? ["--write"] : [];
  const { status } = spawnSync(python, [path.join(root, "serving", "safe_names"), ...write], {
    stdio: "inherit",
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1" },
  });
  process.exitCode = status ?? 1;
}

void main();
