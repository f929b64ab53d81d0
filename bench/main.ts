// npm run bench: ratios of speed in one run. What is compared is run in turn, so that a noisy moment hits both.
import { execFileSync } from "node:child_process";
import os from "node:os";
import path from "node:path";
import { judge } from "../policies/judge";
import { resolveSettings } from "../config/resolve";
import { TestProject } from "../test/support/project";
import { compliantCandidate } from "../test/support/fixtures";
import { ensureEngine } from "../toolchain/engine";
import { ensurePython } from "../toolchain/python";
import { compare, type Comparison, emptyProject, engineIn, note, print } from "./compare";

const root = path.join(__dirname, "..");
const rounds = 7;
const json = process.argv.includes("--json");

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
  comparisons.forEach(print);
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
    const command = (...args: string[]) => project.tollgate([...args, "--stack", "staging"]);
    const up = ["up", "--yes", "--skip-preview"];
    const unchanged = [
      await compare("preview of a deployed stack, nothing to change", 1.6, rounds, {
        "tollgate preview": () => command("preview"),
        "empty JavaScript program": () => empty(["preview"]),
      }),
      await compare("up with nothing to change", 1.6, rounds, {
        "tollgate up": () => command("up"),
        "empty JavaScript program": () => empty(up),
      }),
      await compare("the same by plain pulumi, with the policy pack", 2, rounds, {
        "pulumi preview: pack, registry and gates": () => pulumi(["preview", ...pack]),
        "empty JavaScript program": () => empty(["preview"]),
      }),
      await compare("up with nothing to change by plain pulumi, with the policy pack", 2, rounds, {
        "pulumi up: pack, registry and gates": () => pulumi([...up, ...pack]),
        "empty JavaScript program": () => empty(up),
      }),
    ];
    // Another version, which is what a preview in a pull request is about.
    for (const args of [["train"], ["evaluate"], ["pin", "2"]]) {
      await project.must(...args, "--stack", "staging");
    }
    return [
      ...unchanged,
      await compare("preview of another version", null, rounds, {
        "tollgate preview: engine, pack, registry and gates": () => command("preview"),
        "empty JavaScript program": () => empty(["preview"]),
      }),
    ];
  } finally {
    await project.dispose();
  }
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

void main();
