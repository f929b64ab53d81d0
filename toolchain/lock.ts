// `npm run lock`: locks every requirements*.in of these folders with hashes, for all platforms and every Python we support.
import { readdirSync } from "node:fs";
import path from "node:path";
import { compileRequirements } from "./compile-requirements";
import { withProgress } from "./progress";
import { findInterpreter } from "./python";
import { ensureUv } from "./uv";

const root = path.join(__dirname, "..");

/** In this order: what builds on serving keeps what is locked there, and leaves out what is left out there. */
const places = [
  { folder: "serving", leaveOut: true },
  { folder: "test/flavors", leaveOut: true },
  { folder: "test/registry/older-mlflow", leaveOut: false },
  { folder: "toolchain/node24", leaveOut: false },
];

async function main(): Promise<void> {
  const { command } = await findInterpreter();
  await withProgress(async (progress) => {
    const uv = await ensureUv(command, progress);
    const sources = places.flatMap(({ folder, leaveOut }) =>
      readdirSync(path.join(root, folder))
        .filter((name) => /^requirements.*\.in$/.test(name))
        .map((source) => ({ folder, leaveOut, source })),
    );
    for (const { folder, leaveOut, source } of sources) {
      progress(`Locking ${folder}/${source}`);
      await compileRequirements({
        uv,
        folder: path.join(root, folder),
        sources: [source],
        target: source.replace(/\.in$/, ".lock"),
        leaveOut,
      });
    }
  });
}

main().catch((error: Error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
