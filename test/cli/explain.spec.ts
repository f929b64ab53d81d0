import assert from "node:assert/strict";
import { gates } from "../../policies/gates";
import { judgedProject, tollgate } from "./support/judged-project";
import { temporaryFolder } from "./support/project";

interface Explained {
  gate: string;
  codes: { code: string; meaning: string }[];
  here: { stack: string; level: string; from: string } | null;
  settings: { name: string; value: unknown; from: string; description: string }[];
}

describe("tollgate explain", () => {
  let project: ReturnType<typeof judgedProject>;
  let empty: ReturnType<typeof temporaryFolder>;
  before(() => {
    project = judgedProject(
      `  tollgate:gates:
    latency: { p95Ms: 80 }
    robustness: { noise: {}, level: advisory }
    smoke: { level: advisory }
`,
      { "Pulumi.prod.yaml": "config:\n  tollgate:tier: prod\n  tollgate:model: churn-model\n" },
    );
    empty = temporaryFolder();
  });
  after(() => {
    project.remove();
    empty.remove();
  });

  async function explained(gate: string, stack = "staging"): Promise<Explained> {
    const words = ["explain", gate, "--stack", stack, "--cwd", project.dir, "--json"];
    const { code, out } = await tollgate(...words);
    assert.equal(code, 0, out);
    return JSON.parse(out) as Explained;
  }
  const values = ({ settings }: Explained) =>
    settings.map(({ name, value, from }) => [name, value, from]);

  it("lists every gate with its level in a stack, in the order of verdicts", async () => {
    const { code, out } = await tollgate("explain", "-s", "prod", "--cwd", project.dir);
    assert.equal(code, 0);
    const names = out.split("\n").map((line) => line.split(" ")[0]);
    assert.deepEqual(
      names.slice(1, gates.length + 1),
      gates.map(({ name }) => name),
    );
    assert.match(out, /^evidence-signed +mandatory +\S/m);
    assert.match(out, /^slices +disabled +\S/m);
  });

  it("explains each gate without a project: what it measures, its settings and its codes", async () => {
    for (const gate of gates) {
      const { code, out } = await tollgate("explain", gate.name, "--cwd", empty.dir);
      assert.equal(code, 0);
      assert.ok(out.startsWith(`${gate.name}: ${gate.description}\n`));
      assert.ok(out.includes(`\nmeasures  ${gate.source}\n`));
      assert.ok(out.includes(`\nto mend   ${gate.remedy}\n`));
      assert.match(out, gate.waivable ? /^waiver +possible/m : /^waiver +not possible$/m);
      assert.match(out, /^level +say which stack with --stack$/m);
      assert.match(out, /^refused as +when\n\S/m);
    }
  });

  it("tells what the tier gives from what the stack's file says and from the gate's default", async () => {
    const floor = await explained("metric-floor", "prod");
    assert.deepEqual(floor.here, { stack: "prod", level: "mandatory", from: "tier prod" });
    assert.deepEqual(values(floor), [
      ["floors", { accuracy: 0.9, precision: 0.8, recall: 0.8, f1: 0.8 }, "tier prod"],
      ["ceilings", {}, "default"],
      ["significance", 0.05, "default"],
      ["minimumRows", null, "default"],
    ]);
    const latency = values(await explained("latency"));
    assert.deepEqual(latency[0], ["p95Ms", 80, "Pulumi.staging.yaml"]);
    assert.deepEqual(latency.at(-1), ["concurrency", 1, "default"]);
  });

  it("says whose level is in force, and what the tier's is", async () => {
    const smoke = await explained("smoke");
    assert.deepEqual(smoke.here, {
      stack: "staging",
      level: "advisory",
      from: "Pulumi.staging.yaml, where tier staging has mandatory",
    });
    const robustness = await explained("robustness");
    assert.equal(robustness.here?.from, "Pulumi.staging.yaml, where tier staging has disabled");
    assert.equal((await explained("approvals")).here?.from, "tier staging");
  });

  it("describes every setting and every code of every gate", async () => {
    for (const { name } of gates) {
      const { settings, codes } = await explained(name);
      for (const { name: setting, description } of settings) {
        assert.match(description, /^[A-Z].*\.$/s, `${name}.${setting}`);
      }
      assert.notEqual(codes.length, 0, name);
      for (const { code, meaning } of codes) assert.match(meaning, /^[a-zN].*[^.]$/, code);
    }
  });

  it("refuses an unknown gate and names the nearest", async () => {
    const { code, err } = await tollgate("explain", "metric-flor", "--cwd", project.dir);
    assert.equal(code, 64);
    assert.equal(err, 'There is no gate "metric-flor": did you mean metric-floor?\n');
    const far = await tollgate("explain", "zzzzzz", "--cwd", project.dir);
    assert.match(far.err, /^There is no gate "zzzzzz": there are evidence-present, .*\.\n$/);
  });

  it("refuses an unknown stack", async () => {
    const { code } = await tollgate("explain", "smoke", "-s", "qa", "--cwd", project.dir);
    assert.equal(code, 64);
  });
});
