// `npm run test:docker`: starts a Docker daemon in namespaces of its own, runs the specs of this folder and ends it, after
// Ctrl-C too. `npx tsx test/docker/main.ts test/docker/<name>.spec.ts` runs one.
import path from "node:path";
import { command, type Environment } from "../cluster/command";
import { docker as all } from "../suites.json";
import { runSuite, type Suite } from "../support/suite";
import { bringUp, takeDown, whyNot } from "./own-daemon";

const mocha = path.join(__dirname, "..", "..", "node_modules", "mocha", "bin", "mocha.js");

async function main(
  files: readonly string[],
  { step, interrupted: signal }: Suite,
): Promise<number> {
  const problem = whyNot();
  if (problem) {
    console.error(problem);
    return 1;
  }
  try {
    const env: Environment = await bringUp(step);
    const args = [mocha, ...(files.length > 0 ? files : all)];
    return await step("specs", () => command(process.execPath, args, { env, signal }));
  } finally {
    await step("ending Docker", takeDown);
  }
}

runSuite("Docker", main);
