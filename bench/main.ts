// npm run bench: ratios of speed in one run. What is compared is run in turn, so that a noisy moment hits both.
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { judge } from "../policies/judge";
import { resolveSettings } from "../config/resolve";
import { run, TestProject } from "../test/support/project";
import { compliantCandidate } from "../test/support/fixtures";
import { ensureEngine, engineEnvironment } from "../toolchain/engine";
import { ensurePython } from "../toolchain/python";

const root = path.join(__dirname, "..");
const rounds = 7;
const json = process.argv.includes("--json");

interface Row {
  what: string;
  /** Milliseconds, median of the rounds. */
  median: number;
  fastest: number;
  slowest: number;
}

interface Comparison {
  name: string;
  rows: Row[];
  /** Median of ours divided by median of the contender's. */
  ratio: number;
  /** Highest ratio we promise. */
  promise: number;
}

async function main(): Promise<void> {
  const engine = await ensureEngine();
  note(
    `pulumi ${engine.version}, node ${process.version}, ${os.cpus().length} cores, ${rounds} rounds`,
  );
  const comparisons = await previews();
  const gates = judgements();
  const scorer = await scorerBench();
  if (json) {
    console.log(
      JSON.stringify({
        engine: engine.version,
        node: process.version,
        comparisons,
        gates,
        scorer,
      }),
    );
    return;
  }
  for (const { name, rows, ratio, promise } of comparisons) {
    console.log(`\n${name}: ${ratio.toFixed(2)} times (promised: at most ${promise})`);
    for (const { what, median, fastest, slowest } of rows) {
      console.log(
        `  ${what.padEnd(46)} ${seconds(median)} s  (${seconds(fastest)} to ${seconds(slowest)})`,
      );
    }
  }
  const { first, median } = gates;
  console.log(
    `\none candidate through all gates: ${first.toFixed(2)} ms the first time, ` +
      `${median.toFixed(3)} ms ever after (promised: under 5)`,
  );
}

/** Preview and no-change up of a deployed stack, with the policy pack, beside an empty JavaScript program. */
async function previews(): Promise<Comparison[]> {
  const empty = await emptyProject();
  note("deploying churn to staging (PostgreSQL, S3) to have something to preview");
  const project = await TestProject.create("churn", ["staging"], (config) => {
    (config["tollgate:train"] as Record<string, unknown>)["parameters"] = {
      model: "gradient-boosting",
    };
  });
  try {
    for (const args of [["up"], ["train"], ["evaluate"], ["pin", "1"], ["up"]]) {
      await project.must(...args, "--stack", "staging");
    }
    const pulumi = await engineIn(project.dir);
    const pack = ["--policy-pack", path.join(root, "policies"), "--stack", "staging"];
    return [
      await compare("preview of a deployed stack with the policy pack", 2, {
        "deployed stack, pack, registry and gates": () => pulumi(["preview", ...pack]),
        "empty JavaScript program": () => empty(["preview"]),
      }),
      await compare("up with nothing to change, with the policy pack", 2, {
        "deployed stack, pack, registry and gates": () =>
          pulumi(["up", "--yes", "--skip-preview", ...pack]),
        "empty JavaScript program": () => empty(["up", "--yes", "--skip-preview"]),
      }),
    ];
  } finally {
    await project.dispose();
  }
}

/** An empty program, deployed once, and how to run the engine on it. */
async function emptyProject() {
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
async function engineIn(dir: string) {
  const engine = await ensureEngine();
  const env = engineEnvironment(engine, dir);
  return (args: string[]) => run(engine.binary, [...args, "--non-interactive"], dir, { env });
}

async function compare(
  name: string,
  promise: number,
  contenders: Record<
    string,
    () => Promise<{ code: number | null; stdout: string; stderr: string }>
  >,
): Promise<Comparison> {
  note(name);
  const times = Object.fromEntries(Object.keys(contenders).map((what) => [what, [] as number[]]));
  for (let round = -1; round < rounds; round += 1) {
    for (const [what, once] of Object.entries(contenders)) {
      const began = performance.now();
      const { code, stdout, stderr } = await once();
      if (code !== 0) throw new Error(`${what} ended with ${code}\n${stdout}${stderr}`);
      // The first round warms caches and doesn't count.
      if (round >= 0) times[what]!.push(performance.now() - began);
    }
  }
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

/** Milliseconds for one candidate through all gates of the prod tier: the first time in a process, and ever after. */
function judgements(): { first: number; median: number } {
  const { gates } = resolveSettings(
    { tier: "prod", model: "churn-model" },
    { stack: "prod", projectDir: root, requirements: "" },
  );
  const candidate = compliantCandidate();
  const times = Array.from({ length: 2001 }, () => {
    const began = performance.now();
    judge(candidate, gates);
    return performance.now() - began;
  });
  return { first: times[0]!, median: [...times].sort((a, b) => a - b)[1000]! };
}

async function scorerBench(): Promise<unknown> {
  note("scorer beside mlflow models serve and a bare echo");
  const { python } = await ensurePython(path.join(root, "serving", "requirements.lock"));
  const args = [path.join(root, "bench", "scorer.py"), ...(json ? ["--json"] : [])];
  const output = execFileSync(python, args, {
    encoding: "utf8",
    env: { ...process.env, PYTHONPATH: path.join(root, "serving") },
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (!json) console.log(`\n${output}`);
  return json ? (JSON.parse(output) as unknown) : null;
}

function note(text: string): void {
  process.stderr.write(`${text}\n`);
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(2);
}

void main();
