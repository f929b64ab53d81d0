// `up` is killed at points that are even over a measured run of it, and `destroy` follows: no process and no folder of one
// is left, and the data is there. Two environments: one with its own registry, and a lighter one that uses it.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { killAt, type Victim } from "../support/kills";
import { processesOf } from "../support/processes";
import { lightRegistry, TestProject } from "../support/project";

const minutes = (n: number) => n * 60_000;
const victims: readonly Victim[] = ["the engine", "everything", "the command"];

describe("destroy after a killed up", function () {
  this.timeout(minutes(10));
  let project: TestProject;
  /** Of a run that wasn't killed, by stack. */
  const whole: Record<string, { tookMs: number; left: string[]; data: string[] }> = {};

  const stateDir = (stack: string) => project.stateDir(stack);
  const left = (stack: string) => fs.readdirSync(stateDir(stack)).sort();
  /** Every file of the artifacts, with its size. */
  const data = (stack: string) => {
    const folder = path.join(stateDir(stack), "data", "artifacts");
    if (!fs.existsSync(folder)) return [];
    return fs
      .readdirSync(folder, { recursive: true, encoding: "utf8" })
      .map((name) => `${name} ${fs.statSync(path.join(folder, name)).size}`)
      .sort();
  };
  const recorded = (stack: string) => {
    const file = path.join(project.dir, ".pulumi", "stacks", "churn", `${stack}.json`);
    const { checkpoint } = JSON.parse(fs.readFileSync(file, "utf8")) as {
      checkpoint: { latest: { resources?: unknown[]; pending_operations?: unknown[] } };
    };
    const { resources = [], pending_operations = [] } = checkpoint.latest;
    return { resources, pending_operations };
  };

  async function measured(stack: string): Promise<void> {
    const begun = Date.now();
    await project.must("up", "--stack", stack);
    const tookMs = Date.now() - begun;
    await project.must("destroy", "--stack", stack);
    whole[stack] = { tookMs, left: left(stack), data: data(stack) };
  }

  before(async function () {
    this.timeout(minutes(10));
    project = await TestProject.create("churn", ["staging", "dev"], (config, stack) => {
      lightRegistry(config);
      config["tollgate:release"] = { watchSeconds: 1, warmSeconds: 0 };
      if (stack === "staging") {
        const train = config["tollgate:train"] as Record<string, unknown>;
        train["parameters"] = { model: "gradient-boosting" };
        config["tollgate:trackingServer"] = {
          ...(config["tollgate:trackingServer"] as object),
          credentials: "none",
        };
      }
    });
    project.configure("dev", (config) => {
      const uri = `http://127.0.0.1:${project.ports["staging"]!.tracking}`;
      config["tollgate:trackingServer"] = { uri };
    });
    project.commit("Use the registry of staging in dev");
    await project.must("up", "--stack", "staging");
    await project.must("train", "--stack", "staging");
    await project.must("evaluate", "--stack", "staging");
    await project.must("pin", "1", "--stack", "staging");
    await project.must("up", "--stack", "staging");
    await project.must("pin", "1", "--stack", "dev");
    await measured("dev");
  });
  after(() => project.dispose());

  // 22 and 8 by TOLLGATE_KILL_POINTS=30, which takes six minutes. Fewer points lie elsewhere each time.
  const all = Number(process.env.TOLLGATE_KILL_POINTS ?? 5);
  const phase = Number(process.env.TOLLGATE_KILL_PHASE ?? Math.random().toFixed(2));
  const first = Math.floor(phase * victims.length);
  const heavy = Math.max(2, Math.floor(all * 0.27));
  for (const [stack, points, what] of [
    ["dev", all - heavy, "scorers, router and release"],
    ["staging", heavy, "a whole environment"],
  ] as const) {
    it(`leaves nothing at ${points} points of ${what}`, async () => {
      if (!whole[stack]) {
        await project.must("destroy", "--stack", stack);
        await measured(stack);
      }
      const { tookMs, left: clean, data: kept } = whole[stack]!;
      for (let point = 0; point < points; point++) {
        const afterMs = Math.round(((point + phase) / points) * tookMs);
        const victim = victims[(point + first) % victims.length]!;
        const where = `${stack}: ${victim} killed after ${afterMs} of ${tookMs} ms (TOLLGATE_KILL_PHASE=${phase})`;
        const begun = Date.now();
        const moment = () => Date.now() - begun >= afterMs;
        const killed = await killAt(project.dir, ["up", "--stack", stack], moment, victim);
        const { code, stdout, stderr } = await project.tollgate(["destroy", "--stack", stack]);
        const said = `${where}\n${killed.printed}\n--\n${stdout}${stderr}`;
        assert.equal(code, 0, said);
        assert.deepEqual(processesOf(stateDir(stack)), [], said);
        assert.deepEqual(left(stack), clean, said);
        assert.deepEqual(recorded(stack), { resources: [], pending_operations: [] }, said);
        assert.deepEqual(data(stack), kept, said);
      }
    });
  }

  it("comes back with all of it", async () => {
    for (const stack of ["staging", "dev"]) {
      await project.must("up", "--stack", stack);
      await project.must("status", "--check", "--stack", stack);
      assert.equal(await project.servedVersion(stack), "1");
    }
  });
});
