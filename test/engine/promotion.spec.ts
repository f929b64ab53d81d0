// The main road on the real engine, MLflow, PostgreSQL, S3, Envoy and scorers: refused, passed, served, marked,
// and put right again when something was killed or moved by hand. One environment, in order.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import type { RunningRecord } from "../../processes/folder";
import { recordOf } from "../runtimes/local/support";
import { TestProject, type CommandResult } from "../support/project";

const minutes = (n: number) => n * 60_000;
const row = [0.1, 0.2, 0.0, 0.4, 0.5, 0.0, 0.2, 0.1, 0.3, 0.9];

interface Health {
  status: string;
  stage: string;
  model: string;
  version: string;
  digest: string;
}

describe("a promotion in staging", function () {
  this.timeout(minutes(4));
  let project: TestProject;
  const url = () => `http://127.0.0.1:${project.ports["staging"]!.scorer}`;
  const registry = () => `http://127.0.0.1:${project.ports["staging"]!.tracking}`;
  const health = async () => (await (await fetch(`${url()}/health`)).json()) as Health;
  const stackFile = () => fs.readFileSync(path.join(project.dir, "Pulumi.staging.yaml"), "utf8");
  const exported = async () =>
    (await project.pulumi(["stack", "export", "--stack", "staging"])).stdout;

  async function aliasVersion(): Promise<string> {
    const answer = await project.askRegistry(
      "staging",
      "/api/2.0/mlflow/registered-models/alias?name=churn-model&alias=staging",
    );
    return ((await answer.json()) as { model_version: { version: string } }).model_version.version;
  }

  async function moveAlias(version: string): Promise<void> {
    await project.askRegistry("staging", "/api/2.0/mlflow/registered-models/alias", {
      name: "churn-model",
      alias: "staging",
      version,
    });
  }

  /** The record of the one kept process of such a name. */
  function keptProcess(name: RegExp): RunningRecord {
    const stateDir = project.stateDir("staging");
    const found = fs.readdirSync(path.join(stateDir, "run")).filter((each) => name.test(each));
    assert.equal(found.length, 1, `processes like ${name}: ${found.join(", ")}`);
    return recordOf({ stateDir, name: found[0] ?? "" });
  }

  before(async () => {
    project = await TestProject.create("churn", ["staging"]);
  });
  after(() => project.dispose());

  it("brings up the registry alone while nothing is pinned", async () => {
    await project.must("up", "--stack", "staging");
    assert.equal((await fetch(`${registry()}/health`)).status, 200);
    await assert.rejects(fetch(`${url()}/health`));
  });

  it("refuses the logistic regression with its numbers and exit code 2", async () => {
    const trained = await project.must("train", "--stack", "staging");
    assert.equal((JSON.parse(trained.stdout) as { model_version: string }).model_version, "1");
    const evaluated = await project.tollgate(["evaluate", "--stack", "staging"]);
    assert.equal(evaluated.code, 2, evaluated.stderr);
    assert.match(evaluated.stdout, /accuracy.*refused.*0\.894.*0\.9/);
  });

  it("refuses the pin in a plain pulumi preview without a policy pack, and changes nothing", async () => {
    await project.must("pin", "1", "--stack", "staging");
    const before = await exported();
    const preview = await project.pulumi(["preview", "--stack", "staging"]);
    assert.notEqual(preview.code, 0);
    assert.match(preview.stdout + preview.stderr, /accuracy 0\.894.*0\.9/);
    const up = await project.pulumi(["up", "--yes", "--stack", "staging"]);
    assert.notEqual(up.code, 0);
    await assert.rejects(fetch(`${url()}/health`));
    assert.equal(resourceCount(before), resourceCount(await exported()));
  });

  it("serves the stronger version, marked in the registry as alias and legacy stage", async () => {
    project.configure("staging", (config) => {
      const train = config["tollgate:train"] as Record<string, unknown>;
      train["parameters"] = { model: "gradient-boosting" };
    });
    project.commit("Train by gradient boosting");
    await project.must("train", "--stack", "staging");
    await project.must("evaluate", "--stack", "staging");
    await project.must("pin", "2", "--stack", "staging");
    await project.must("up", "--stack", "staging");

    const served = await health();
    assert.equal(served.status, "ok");
    assert.equal(served.stage, "Staging");
    assert.equal(served.model, "churn-model");
    assert.equal(served.version, "2");
    assert.match(stackFile(), new RegExp(`tollgate:pin: "?2@${served.digest}`));
    const prediction = await fetch(`${url()}/predict`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ features: [row, row] }),
    });
    const { predictions } = (await prediction.json()) as { predictions: number[] };
    assert.equal(predictions.length, 2);
    assert.equal(await aliasVersion(), "2");
    const version = await project.askRegistry(
      "staging",
      "/api/2.0/mlflow/model-versions/get?name=churn-model&version=2",
    );
    const { model_version } = (await version.json()) as {
      model_version: { current_stage: string };
    };
    assert.equal(model_version.current_stage, "Staging");
  });

  it("has nothing to do in a second preview", async () => {
    const preview = await project.pulumi(["preview", "--stack", "staging", "--expect-no-changes"]);
    assert.equal(preview.code, 0, preview.stdout + preview.stderr);
  });

  it("keeps secrets out of the state, the logs and the process list", async () => {
    const secretsDir = path.join(project.stateDir("staging"), "secrets");
    const secrets = fs
      .readdirSync(secretsDir, { recursive: true, encoding: "utf8" })
      .map((name) => path.join(secretsDir, name))
      .filter((file) => fs.statSync(file).isFile());
    assert.ok(secrets.length >= 3, secrets.join(", "));
    const values = secrets.flatMap((file) => {
      assert.equal(fs.statSync(file).mode & 0o077, 0, `${file} is readable by others`);
      return fs.readFileSync(file, "utf8").match(/[0-9a-f]{32,}/g) ?? [];
    });
    const places = [await exported(), ...processList(), ...logsOf(project.stateDir("staging"))];
    for (const value of values) {
      assert.ok(!places.some((text) => text.includes(value)), "a secret was found in plain sight");
    }
  });

  it("starts a killed router and a killed scorer again by itself, which is told and is no drift", async () => {
    for (const name of [/^router/, /^scorer/]) process.kill(keptProcess(name).child.pid, "SIGKILL");
    const status = await settled(
      () => project.tollgate(["status", "--stack", "staging", "--check"]),
      ({ code, stdout }) => code === 0 && (stdout.match(/started again/g) ?? []).length === 2,
      100,
    );
    assert.match(
      status.stdout,
      /^router ended and was started again once, last after SIGKILL at /m,
    );
    assert.match(
      status.stdout,
      /^scorer-\S+ ended and was started again once, last after SIGKILL/m,
    );
    assert.match(status.stdout, /^No drift\.$/m);
    const refresh = await project.pulumi(["refresh", "--yes", "--diff", "--stack", "staging"]);
    assert.equal(refresh.code, 0, refresh.stdout + refresh.stderr);
    assert.doesNotMatch(refresh.stdout, /^ *[~+-] tollgate:/m);
  });

  it("shows a scorer that was killed with its keeper in status and in pulumi refresh, and the next up restarts it", async () => {
    process.kill(keptProcess(/^scorer/).keeper.pid, "SIGKILL");
    const status = await settled(() =>
      project.tollgate(["status", "--stack", "staging", "--check"]),
    );
    assert.equal(status.code, 1);
    assert.match(status.stdout, /scorer.*dead/);
    const refresh = await project.pulumi(["refresh", "--yes", "--diff", "--stack", "staging"]);
    assert.equal(refresh.code, 0, refresh.stdout + refresh.stderr);
    assert.match(refresh.stdout, /status.*dead/);
    await project.must("up", "--stack", "staging");
    assert.equal((await health()).version, "2");
  });

  it("shows an alias moved by hand in status and refresh, and the next up puts it back", async () => {
    await moveAlias("1");
    const status = await project.tollgate(["status", "--stack", "staging", "--check"]);
    assert.equal(status.code, 1);
    assert.match(status.stdout, /alias.*1/);
    const refresh = await project.pulumi(["refresh", "--yes", "--diff", "--stack", "staging"]);
    assert.match(refresh.stdout, /version.*"2" => "1"/);
    await project.must("up", "--stack", "staging");
    assert.equal(await aliasVersion(), "2");
  });

  it("restarts a killed tracking server though the pin can't be judged anew meanwhile", async () => {
    process.kill(keptProcess(/^tracking-server/).keeper.pid, "SIGKILL");
    await settled(() => project.tollgate(["status", "--stack", "staging", "--check"]));
    await project.must("up", "--stack", "staging");
    assert.equal((await fetch(`${registry()}/health`)).status, 200);
    assert.equal((await health()).version, "2");
  });

  it("refuses another pin while the registry doesn't answer, and the served version goes on", async () => {
    const pinned = stackFile();
    const write = (text: string) =>
      fs.writeFileSync(path.join(project.dir, "Pulumi.staging.yaml"), text);
    process.kill(keptProcess(/^tracking-server/).keeper.pid, "SIGKILL");
    write(pinned.replace(/2@sha256:[0-9a-f]{64}/, `1@sha256:${"0".repeat(64)}`));
    try {
      const plain = await project.pulumi(["preview", "--stack", "staging"]);
      assert.notEqual(plain.code, 0);
      assert.match(plain.stdout, /evidence-present: .*ECONNREFUSED.*start the registry/);
      assert.equal((await health()).version, "2");
      // Our own up can do more: it starts the stack's registry as it was admitted, and judges then.
      const up = await project.tollgate(["up", "--stack", "staging"]);
      assert.equal(up.code, 2, up.stderr);
      assert.match(up.stdout, /only its registry was started/);
      assert.match(up.stdout, /digest-matches +refused/);
      assert.equal((await health()).version, "2");
    } finally {
      write(pinned);
    }
  });

  it("keeps database and artifact bytes through destroy, and comes back with them", async () => {
    await project.must("destroy", "--stack", "staging");
    await assert.rejects(fetch(`${url()}/health`));
    await assert.rejects(fetch(`${registry()}/health`));
    await project.must("up", "--stack", "staging");
    assert.equal((await health()).version, "2");
  });
});

/** Repeats a command until its end is the one expected, as long as a dead process may need to be noticed or started. */
async function settled(
  command: () => Promise<CommandResult>,
  expected = ({ code }: CommandResult) => code !== 0,
  attempts = 10,
): Promise<CommandResult> {
  for (let attempt = 0; ; attempt += 1) {
    const result = await command();
    if (expected(result) || attempt === attempts) return result;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

function resourceCount(stack: string): number {
  return (JSON.parse(stack) as { deployment: { resources: unknown[] } }).deployment.resources
    .length;
}

/** Arguments and environments of every process this user may read; empty where there is no /proc. */
function processList(): string[] {
  if (!fs.existsSync("/proc")) return [];
  return fs
    .readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => ["cmdline", "environ"].map((file) => readQuietly(`/proc/${pid}/${file}`)));
}

function logsOf(stateDir: string): string[] {
  const folder = path.join(stateDir, "log");
  return fs.readdirSync(folder).map((name) => readQuietly(path.join(folder, name)));
}

function readQuietly(file: string): string {
  try {
    return fs.readFileSync(file, "utf8");
  } catch {
    return ""; // the process has ended meanwhile
  }
}
