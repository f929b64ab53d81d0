import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { type CommandResult, run } from "../test/support/project";
import { ensureEngine, engineEnvironment } from "../toolchain/engine";

const root = path.join(__dirname, "..");

export interface Row {
  readonly what: string;
  /** Milliseconds, median of the rounds. */
  readonly median: number;
  readonly fastest: number;
  readonly slowest: number;
}

export interface Comparison {
  readonly name: string;
  /** Ours first, then what it is compared with; any others are shown beside them. */
  readonly rows: readonly Row[];
  /** Median of the first row divided by that of the second. */
  readonly ratio: number;
  /** Highest ratio we promise; null: none. */
  readonly promise: number | null;
}

/**
 * Runs each contender once a round, in turn, so that a noisy moment hits all of them. A first round warms caches and
 * doesn't count.
 *
 * @param contenders by name, ours first; each runs once
 */
export async function compare(
  name: string,
  promise: number | null,
  rounds: number,
  contenders: Record<string, () => Promise<CommandResult>>,
): Promise<Comparison> {
  note(name);
  const times = Object.fromEntries(Object.keys(contenders).map((what) => [what, [] as number[]]));
  for (let round = -1; round < rounds; round += 1) {
    for (const [what, once] of Object.entries(contenders)) {
      const began = performance.now();
      succeeded(what, await once());
      if (round >= 0) times[what]!.push(performance.now() - began);
    }
  }
  return comparison(name, promise, times);
}

/** @param times milliseconds of each round by contender, ours first */
export function comparison(
  name: string,
  promise: number | null,
  times: Readonly<Record<string, readonly number[]>>,
): Comparison {
  const rows = Object.entries(times).map(([what, all]) => {
    const sorted = [...all].sort((a, b) => a - b);
    return {
      what,
      median: sorted[Math.floor(sorted.length / 2)]!,
      fastest: sorted[0]!,
      slowest: sorted.at(-1)!,
    };
  });
  return { name, rows, ratio: rows[0]!.median / rows[1]!.median, promise };
}

export function print({ name, rows, ratio, promise }: Comparison): void {
  const promised = promise === null ? "" : ` (promised: at most ${promise})`;
  console.log(`\n${name}: ${ratio.toFixed(2)} times${promised}`);
  const width = Math.max(46, ...rows.map(({ what }) => what.length));
  for (const { what, median, fastest, slowest } of rows) {
    const range = `(${seconds(fastest)} to ${seconds(slowest)})`;
    console.log(`  ${what.padEnd(width)} ${seconds(median)} s  ${range}`);
  }
}

/** @throws Error with everything that was printed, unless the command ended well */
export function succeeded(what: string, { code, stdout, stderr }: CommandResult): void {
  if (code !== 0) throw new Error(`${what} ended with ${code}\n${stdout}${stderr}`);
}

/** An empty program, deployed once, and how to run the engine on it. */
export async function emptyProject() {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), "tollgate-empty-"));
  fs.writeFileSync(
    path.join(dir, "Pulumi.yaml"),
    "name: empty\nruntime: {name: nodejs, options: {typescript: false}}\nbackend: {url: 'file://.'}\n",
  );
  fs.writeFileSync(path.join(dir, "package.json"), '{"name":"empty","main":"index.js"}');
  fs.writeFileSync(path.join(dir, "index.js"), 'require("@pulumi/pulumi");\n');
  fs.symlinkSync(path.join(root, "node_modules"), path.join(dir, "node_modules"));
  const pulumi = await engineIn(dir);
  await pulumi(["stack", "init", "bench"]);
  await pulumi(["up", "--yes", "--skip-preview", "--stack", "bench"]);
  process.on("exit", () => fs.rmSync(dir, { recursive: true, force: true }));
  return (args: string[]) => pulumi([...args, "--stack", "bench"]);
}

/** The bare engine in a folder, so that our own command line is no part of what is compared. */
export async function engineIn(dir: string) {
  const engine = await ensureEngine();
  const env = engineEnvironment(engine, dir);
  return (args: string[]) => run(engine.binary, [...args, "--non-interactive"], dir, { env });
}

/** Says on stderr what is under way. */
export function note(text: string): void {
  process.stderr.write(`${text}\n`);
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(2);
}
