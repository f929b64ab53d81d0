// npm run corpus: every candidate judged by the real gates. `-- --make` makes the candidates anew first, `-- --why`
// prints each refusal's reason. Then the artifacts: dangerous, lying and harmless files, each scanned and judged by
// safe-code. Exit code 1 when one isn't refused by its own gate alone, or a good one is.
import { spawnSync } from "node:child_process";
import path from "node:path";
import { ensurePython } from "../../toolchain/python";
import { artifactTable, judgeArtifacts } from "./artifacts";
import { corpusNames, loadCandidate } from "./load";
import { outcomeOf, type Outcome } from "./verdicts";

const root = path.join(__dirname, "..", "..");

async function main(): Promise<void> {
  const [first, ...names] = process.argv.slice(2);
  if (first === "--make") await make(names);
  const outcomes = await Promise.all(
    corpusNames().map(async (name) => outcomeOf(await loadCandidate(name))),
  );
  console.log(table(outcomes));
  if (first === "--why") {
    for (const { refusals } of outcomes) {
      for (const { gate, reason } of refusals) console.log(`${gate}: ${reason}`);
    }
  }
  const surprises = outcomes.filter(({ surprise }) => surprise !== null);
  for (const { candidate, surprise } of surprises) console.log(`${candidate.name} is ${surprise}.`);
  const { artifacts, ran } = await judgeArtifacts();
  console.log(`\n${artifactTable(artifacts)}`);
  const missed = artifacts.filter(({ surprise }) => surprise !== null);
  for (const { name, surprise } of missed) console.log(`${name} is ${surprise}.`);
  if (ran) console.log("Something in the artifacts was run.");
  process.exitCode = surprises.length + missed.length > 0 || ran ? 1 : 0;
}

/** Trains and measures all candidates, or those named, in the locked environment. */
async function make(names: readonly string[]): Promise<void> {
  const { python } = await ensurePython(path.join(root, "serving", "requirements.lock"));
  const only = names.length > 0 ? ["--only", ...names] : [];
  const { status } = spawnSync(
    python,
    [path.join(__dirname, "make"), "--out", __dirname, ...only],
    { stdio: "inherit", env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1" } },
  );
  if (status !== 0) throw new Error(`the corpus wasn't made (exit code ${status})`);
}

function table(outcomes: readonly Outcome[]): string {
  const rows = outcomes.map(({ candidate: { name, expected, candidate }, refusals, surprise }) => [
    name,
    expected.what,
    candidate.pin.name.replace(/-model$/, ""),
    [...new Set(refusals.map(({ gate, code }) => `${gate} (${code})`))].join(", ") || "passes",
    surprise === null ? "as expected" : "NOT AS EXPECTED",
  ]);
  const head = ["candidate", "what is special", "data", "verdict", ""];
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]!.length)),
  );
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join("  ")
      .trimEnd();
  const good = outcomes.filter(({ candidate }) => "passes" in candidate.expected).length;
  const expected = outcomes.filter(({ surprise }) => surprise === null).length;
  const total = `${outcomes.length} candidates, ${good} good and ${outcomes.length - good} bad; ${expected} judged as expected.`;
  return [line(head), ...rows.map(line), "", total].join("\n");
}

void main();
