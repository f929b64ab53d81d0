// `npm run test:docker`: starts a Docker daemon in namespaces of its own, runs the specs of this folder and ends it, after
// Ctrl-C too. `npx tsx test/docker/main.ts test/docker/<name>.spec.ts` runs one.
import path from "node:path";
import { command, type Environment } from "../cluster/command";
import { docker as all } from "../suites.json";
import { bringUp, takeDown, whyNot } from "./own-daemon";

const mocha = path.join(__dirname, "..", "..", "node_modules", "mocha", "bin", "mocha.js");
const interrupted = new AbortController();
const times: string[] = [];

/** Does a part of the work, says which, and notes how long it took. */
async function step<T>(what: string, work: () => Promise<T>): Promise<T> {
  console.log(`\n-- ${what}`);
  const began = Date.now();
  try {
    return await work();
  } finally {
    times.push(`${what} ${Math.round((Date.now() - began) / 1000)} s`);
  }
}

async function main(files: readonly string[]): Promise<number> {
  const problem = whyNot();
  if (problem) {
    console.error(problem);
    return 1;
  }
  try {
    const env: Environment = await bringUp(step);
    const args = [mocha, ...(files.length > 0 ? files : all)];
    return await step("specs", () =>
      command(process.execPath, args, { env, signal: interrupted.signal }),
    );
  } finally {
    await step("ending Docker", takeDown);
  }
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    if (interrupted.signal.aborted) return;
    console.error("\nEnding what runs, then Docker: please wait.");
    interrupted.abort();
  });
}

void main(process.argv.slice(2))
  .catch((error: Error) => {
    console.error(error.message);
    return 1;
  })
  .then((status) => {
    if (times.length > 0) console.log(`\n${times.join(", ")}`);
    process.exitCode = interrupted.signal.aborted ? 130 : status;
  });
