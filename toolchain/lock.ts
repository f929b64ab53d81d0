// `npm run lock`: locks every serving/requirements*.in with hashes, for all platforms and every Python we support.
import { readdirSync } from "node:fs";
import path from "node:path";
import { run } from "./processes";
import { withProgress } from "./progress";
import { findInterpreter } from "./python";
import { ensureUv } from "./uv";

const folder = path.join(__dirname, "..", "serving");

async function main(): Promise<void> {
  const { command } = await findInterpreter();
  await withProgress(async (progress) => {
    const uv = await ensureUv(command, progress);
    const sources = readdirSync(folder).filter((name) => /^requirements.*\.in$/.test(name));
    for (const source of sources) {
      const target = source.replace(/\.in$/, ".lock");
      progress(`Locking ${source}`);
      const how = [
        "--universal",
        "--python-version",
        "3.11",
        "--generate-hashes",
        "--no-header",
        "--quiet",
      ];
      await run(uv, ["pip", "compile", ...how, "--output-file", target, source], { cwd: folder });
    }
  });
}

main().catch((error: Error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
