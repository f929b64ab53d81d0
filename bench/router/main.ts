// npm run bench:router [-- --beside FOLDER]: the router by itself, real Envoy before scorers that answer at once. With another
// build's folder each measure is taken of both in turn, so that a noisy moment hits both.
import { readFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { note } from "../compare";
import { inFlight, switches, throughput } from "./measures";
import { Build } from "./build";

const rounds = 15;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { beside: { type: "string" }, json: { type: "boolean" } },
  });
  const folders = [path.join(__dirname, "..", ".."), ...(values.beside ? [values.beside] : [])];
  const builds: Build[] = [];
  try {
    for (const folder of folders) builds.push(await Build.start(path.resolve(folder)));
    note(`16 connections, ${rounds} rounds of 2 s each`);
    const speed = await throughput(builds, rounds);
    note("100 bodies of 10 MiB in flight");
    const memory = [];
    for (const build of builds) memory.push(await inFlight(build, 100, 10 * 2 ** 20));
    note("100 switches between two versions under 200 requests/s");
    const switched = await switches(builds[0]!, 100, 200);
    const result = {
      node: process.version,
      envoy: envoyVersion(),
      builds: folders,
      speed,
      memory,
      switched,
    };
    if (values.json) return console.log(JSON.stringify(result));
    for (const [place, folder] of folders.entries()) {
      const { perSecond, microseconds } = speed.median[place]!;
      console.log(
        `${folder}\n  ${perSecond.toFixed(0)} requests/s, ${microseconds.toFixed(0)} us of processor time each; ` +
          `memory ${mebibytes(memory[place]!.before)} MiB, ${mebibytes(memory[place]!.most)} MiB with 100 bodies of 10 MiB ` +
          `(${memory[place]!.answered} answered)`,
      );
    }
    if (speed.ratios) {
      console.log(`this one by the other, median of the pairs: ${JSON.stringify(speed.ratios)}`);
    }
    console.log(
      `100 switches: ${switched.requests} requests of 1 kB, 1.2 MiB and 10 MiB, ${switched.failures.length} failed` +
        switched.failures
          .slice(0, 5)
          .map((failure) => `\n  ${failure}`)
          .join(""),
    );
    if (switched.failures.length > 0) process.exitCode = 1;
  } finally {
    await Promise.all(builds.map((build) => build.stop()));
  }
}

function envoyVersion(): string {
  const locked = path.join(__dirname, "..", "..", "serving", "requirements.lock");
  return /^envoy[\w-]*==(\S+)/m.exec(readFileSync(locked, "utf8"))?.[1] ?? "unknown";
}

function mebibytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(0);
}

main().catch((error: unknown) => {
  console.error((error as Error).stack);
  process.exitCode = 1;
});
