// npm run bench:gates: the gates in process and in the policy pack, beside OPA and MLflow's own validation. Everybody
// judges the same candidates by the same thresholds, and first has to give the same verdicts.
import { execFileSync } from "node:child_process";
import assert from "node:assert/strict";
import os from "node:os";
import path from "node:path";
import type { Candidate, GateConfigurations } from "../../policies/gate";
import { judge } from "../../policies/judge";
import { ensurePython } from "../../toolchain/python";
import {
  benchCandidate,
  comparedGates,
  damaged,
  fewRows,
  type Judged,
  onlyGates,
  variations,
} from "./candidates";
import { ensureOpa, type Opa } from "./opa";
import { median, packCost } from "./pulumi";

const root = path.join(__dirname, "..", "..");
const missed: string[] = [];

async function main(): Promise<void> {
  const judged = await benchCandidate();
  const began = performance.now();
  const verdicts = judge(judged.candidate, judged.gates);
  const first = performance.now() - began;
  const refused = verdicts.filter(({ passed }) => !passed);
  assert.deepEqual(refused, [], "the base candidate must pass every gate");
  const busy = os.loadavg()[0]!.toFixed(1);
  console.log(`node ${process.version}, ${os.cpus().length} cores, load ${busy} before this run\n`);

  await inProcess(judged, first);
  const compared = onlyGates(judged.gates, comparedGates);
  const ours = medianOf(1000, () => judge(judged.candidate, compared));
  const opa = ensureOpa();
  if (opa) {
    const wide = await benchCandidate(1000);
    compareWithOpa(opa, judged, compared, ours);
    compareSlices(opa, wide);
  } else {
    console.log("OPA is left out: there is no Go to build it with.");
  }
  await compareWithMlflow(judged);
  if (!process.argv.includes("--no-pulumi")) {
    const cost = await packCost(judged, 5);
    console.log(`\nthe pack inside Pulumi ${cost.engine}, added to a preview`);
    row("starting it, and a first candidate", cost.pack);
    row("each further candidate", cost.candidate);
  }
  for (const sentence of missed) console.log(`\nmissed: ${sentence}`);
  process.exitCode = missed.length > 0 ? 1 : 0;
}

/** All gates, from one candidate to ten thousand: the time for each must not grow. */
async function inProcess(judged: Judged, first: number): Promise<void> {
  console.log("all gates in process, for each candidate");
  row("the first in a process, nothing compiled yet", first);
  const each: number[] = [];
  for (const count of [1, 10, 100, 1000, 10_000]) {
    const batch = [...variations(judged, count)];
    const rounds = Math.max(3, Math.min(100, Math.round(1000 / count)));
    const times = Array.from({ length: rounds }, () =>
      milliseconds(() => batch.forEach((candidate) => judge(candidate, judged.gates))),
    );
    each.push(median(times) / count);
    row(`${count} candidate${count === 1 ? "" : "s"}`, each.at(-1)!);
  }
  promise("one candidate", Math.max(...each), 5);
  promise("each of 10,000 beside each of 100", each[4]! / each[2]!, 1.5, " times");

  const wide = await benchCandidate(1000);
  const slices = medianOf(20, () => judge(wide.candidate, wide.gates));
  row("evidence of 1,000 slices", slices);
  promise("evidence of 1,000 slices", slices, 50);
}

function compareWithOpa(
  opa: Opa,
  judged: Judged,
  compared: GateConfigurations,
  ours: number,
): void {
  const candidates = damaged(judged);
  for (const [what, candidate] of Object.entries(candidates)) {
    const [mine, theirs] = [refusals(candidate, compared), opa.refusals(candidate, compared)];
    assert.deepEqual(theirs, mine, `OPA and the gates differ about ${what}`);
  }
  console.log(`\nfive gates (${comparedGates.join(", ")}), each candidate`);
  const theirs = opa.milliseconds(judged.candidate, compared);
  row("ours", ours);
  row(`OPA ${opa.version}, the same rules in Rego`, theirs, ours);
  console.log(`  the same verdicts on ${Object.keys(candidates).length} candidates`);
}

function compareSlices(opa: Opa, { candidate, gates }: Judged): void {
  const compared = onlyGates(gates, comparedGates);
  assert.deepEqual(opa.refusals(candidate, compared), refusals(candidate, compared));
  const ours = medianOf(20, () => judge(candidate, compared));
  row("ours, evidence of 1,000 slices", ours);
  row(`OPA ${opa.version}, evidence of 1,000 slices`, opa.milliseconds(candidate, compared), ours);
}

/** MLflow judges metrics alone, so it is compared with the one gate that does. */
async function compareWithMlflow(judged: Judged): Promise<void> {
  const compared = onlyGates(judged.gates, ["metric-floor"]);
  const { [fewRows]: _, ...told } = damaged(judged);
  const candidates = Object.values(told);
  const { floors } = compared["metric-floor"]!.settings as { floors: Record<string, number> };
  const asked = {
    thresholds: floors,
    candidates: candidates.map(({ evidence }) => evidence!.metrics),
    rounds: 1000,
  };
  const { python } = await ensurePython(path.join(root, "serving", "requirements.lock"));
  const output = execFileSync(python, [path.join(__dirname, "validate.py")], {
    input: JSON.stringify(asked),
    encoding: "utf8",
    stdio: ["pipe", "pipe", "ignore"],
  });
  const theirs = JSON.parse(output) as {
    version: string;
    failed: string[][];
    milliseconds: number;
  };
  candidates.forEach((candidate, index) => {
    const mine = refusals(candidate, compared).map((refusal) => refusal.split(" ")[1]);
    assert.deepEqual(theirs.failed[index], mine, "MLflow and the gates differ");
  });
  console.log("\nmetric floors alone, each candidate");
  const ours = medianOf(1000, () => judge(judged.candidate, compared));
  row("ours", ours);
  row(`mlflow ${theirs.version}, validate_evaluation_results`, theirs.milliseconds, ours);
}

/** `<gate> <subject>` of each refusal, sorted. */
function refusals(candidate: Candidate, gates: GateConfigurations): string[] {
  return judge(candidate, gates)
    .filter(({ passed }) => !passed)
    .map(({ gate, subject }) => `${gate} ${subject ?? ""}`.trim())
    .sort();
}

function milliseconds(work: () => void): number {
  const began = performance.now();
  work();
  return performance.now() - began;
}

function medianOf(rounds: number, work: () => void): number {
  for (let round = 0; round < rounds / 10; round += 1) work();
  return median(Array.from({ length: rounds }, () => milliseconds(work)));
}

/** One line; of a contender also how many times as long it takes. */
function row(what: string, ms: number, ours?: number): void {
  const ratio = ours === undefined ? "" : `  ${(ms / ours).toFixed(2)} times ours`;
  console.log(`  ${what.padEnd(48)} ${ms.toFixed(3).padStart(9)} ms${ratio}`);
}

function promise(what: string, found: number, limit: number, unit = " ms"): void {
  if (found < limit) return;
  missed.push(`${what}: ${found.toFixed(2)}${unit}, promised under ${limit}${unit}`);
}

void main();
