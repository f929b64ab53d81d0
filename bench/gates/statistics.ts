// npm run statistics: how often the gate better-than-deployed refuses a candidate that is no worse, and how much worse one
// must be to be refused. Writes docs/gate-statistics.md and docs/gate-power.svg, in about 20 minutes. Exit code 1 when
// equal candidates are refused as worse more often than the stated significance, and than chance explains.
import { execFileSync, spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import readline from "node:readline";
import type { Candidate } from "../../policies/gate";
import { betterThanDeployed } from "../../policies/gates/better-than-deployed";
import type { Evidence } from "../../registry/evidence";
import { candidate as compliant } from "../../test/policies/fixtures";
import { ensurePython } from "../../toolchain/python";
import { atMost, document } from "./statistics-document";
import type { Tally } from "./tally";

const root = path.join(__dirname, "..", "..");
const settings = { significance: 0.05 };
type Quality = NonNullable<NonNullable<Evidence["comparison"]>["quality"]>;

/** One line of `comparisons.py`. */
interface Compared extends Pick<Tally, "series" | "data" | "rows" | "loss"> {
  readonly task: Evidence["task"];
  readonly quality: Quality;
}

async function main(): Promise<void> {
  const { python } = await ensurePython(path.join(root, "serving", "requirements.lock"));
  const tallies = await tallied(python);
  const docs = path.join(root, "docs");
  fs.writeFileSync(path.join(docs, "gate-statistics.md"), document(tallies, settings.significance));
  const plot = [path.join(__dirname, "plot.py"), path.join(docs, "gate-power.svg")];
  execFileSync(python, plot, {
    input: JSON.stringify(tallies),
    stdio: ["pipe", "inherit", "inherit"],
  });
  const alarms = tallies.filter(({ series }) => series !== "worse");
  for (const { series, data, metric, rows, comparisons, worse } of alarms) {
    const refused = worse / comparisons;
    const most = atMost(settings.significance, comparisons);
    const found = `${(100 * refused).toFixed(1)} % refused as worse, at most ${(100 * most).toFixed(1)} %`;
    console.log(`${series}, ${metric} of ${data}, ${rows} rows: ${found}`);
    if (refused > most) process.exitCode = 1;
  }
}

/** Judges every comparison by the real gate with its default settings. */
async function tallied(python: string): Promise<Tally[]> {
  const child = spawn(python, [path.join(__dirname, "comparisons.py"), ...process.argv.slice(2)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  const tallies = new Map<string, Tally>();
  for await (const line of readline.createInterface({ input: child.stdout })) {
    const compared = JSON.parse(line) as Compared;
    const { series, data, rows, loss, quality } = compared;
    const key = [series, data, quality.metric, rows, loss].join(" ");
    const empty = { series, data, metric: quality.metric, rows, loss };
    const tally = tallies.get(key) ?? { ...empty, comparisons: 0, worse: 0, undecided: 0 };
    tallies.set(key, tally);
    tally.comparisons += 1;
    const code = verdictOn(compared);
    if (code === "worse" || code === "undecided") tally[code] += 1;
    else if (code !== "ok") throw new Error(`a comparison can't be judged: ${code}`);
  }
  if ((await ended) !== 0) throw new Error("the comparisons weren't made");
  return [...tallies.values()];
}

function verdictOn({ task, quality }: Compared): string {
  const judged: Candidate = compliant();
  const comparison = { ...judged.evidence!.comparison!, quality };
  const evidence: Evidence = { ...judged.evidence!, task, comparison };
  // The error of a regression has the target's unit, so what is too uncertain depends on it: not looked at here.
  const uncertainty = quality.metric === "rmse" ? Number.MAX_VALUE : undefined;
  const given = { ...settings, metric: quality.metric, uncertainty };
  const [finding] = betterThanDeployed.check(
    { ...judged, evidence },
    betterThanDeployed.settings.parse(given),
  );
  return finding!.code;
}

void main();
