// The MLflow before the one of the lock, in an environment of its own: its registry with our client, its models with our
// evaluator and scorer, and its database brought forward.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { run } from "../../cli/program";
import { RegistryClient } from "../../registry/client";
import { digestOfModelVersion } from "../../registry/digest";
import { versionTags } from "../../registry/evidence";
import { ensurePython } from "../../toolchain/python";
import { temporaryFolder } from "../cli/support/project";
import { capture } from "../cli/support/streams";
import { freePort } from "../../processes/ports";
import { type Mlflow, runPython, startMlflow, startServer, testPython } from "../support/mlflow";

const name = "older-and-newer";
const serving = path.join(__dirname, "..", "..", "serving");
const olderLock = path.join(__dirname, "older-mlflow", "requirements.lock");
const logVersion = readFileSync(path.join(__dirname, "older-mlflow", "log_version.py"), "utf8");

/** What the MLflow that logged a version says of it after a download. */
interface Logged {
  version: string;
  digest: string;
  predictions: number[];
}

describe("The MLflow before the lock's", function () {
  this.timeout(180_000);
  const rows = table(400);
  let dir: string;
  let project: ReturnType<typeof temporaryFolder>;
  let older: string;
  let newer: string;
  let server: Mlflow;
  let client: RegistryClient;
  let ofOlder: Logged;
  let ofNewer: Logged;

  before(async function () {
    // The first time its packages are fetched.
    this.timeout(600_000);
    dir = mkdtempSync(path.join(tmpdir(), "tollgate-older-"));
    [{ python: older }, newer] = await Promise.all([ensurePython(olderLock), testPython()]);
    assert.notEqual(await mlflowOf(older), await mlflowOf(newer));
    writeFileSync(path.join(dir, "train.csv"), csv(rows.slice(0, 300)));
    writeFileSync(path.join(dir, "rows.csv"), csv(rows.slice(300)));
    await startRegistry(older);
    [ofOlder, ofNewer] = await Promise.all([logged(older), logged(newer)]);
  });
  after(async () => {
    await server?.stop();
    project?.remove();
    rmSync(dir, { recursive: true, force: true });
  });

  /** Its database and artifacts are the same ones each time, and so is its address. */
  async function startRegistry(python: string) {
    const port = server && Number(new URL(server.uri).port);
    server = await startMlflow({ dir: path.join(dir, "registry"), python, port });
    client = new RegistryClient({ uri: server.uri, timeoutSeconds: 30 });
    project ??= temporaryFolder({
      "Pulumi.yaml": "name: made\nruntime: nodejs\n",
      "Pulumi.dev.yaml": `config:
  tollgate:tier: dev
  tollgate:model: ${name}
  tollgate:trackingServer: { uri: "${server.uri}", timeoutSeconds: 30 }
  tollgate:train: { command: [python, train.py], data: ${path.join(dir, "train.csv")} }
  tollgate:evaluation: { data: ${path.join(dir, "rows.csv")}, label: label }
`,
    });
  }
  const logged = async (interpreter: string) => {
    const environment = { MLFLOW_TRACKING_URI: server.uri, PYTHONPATH: serving };
    const files = [path.join(dir, "train.csv"), path.join(dir, "rows.csv")];
    const printed = await runPython(interpreter, logVersion, environment, [name, ...files]);
    return JSON.parse(printed.trim().split("\n").at(-1)!) as Logged;
  };

  /** What `tollgate evaluate --json` says of a version. */
  async function evaluated({ version }: Logged) {
    const streams = capture();
    const words = ["evaluate", "--stack", "dev", "--model-version", version, "--json"];
    const code = await run([...words, "--cwd", project.dir], streams);
    assert.equal(code, 0, streams.err() + streams.out());
    return JSON.parse(streams.out());
  }

  /** What a scorer of the lock's environment answers for the rows. */
  async function served({ version, digest }: Logged): Promise<number[]> {
    const port = await freePort();
    const scorer = await startServer({
      command: [newer, "-m", "tollgate_serving.scorer"].concat(
        ["--model-uri", `models:/${name}/${version}`, "--model", name, "--version", version],
        ["--digest", digest, "--stage", "dev", "--port", String(port)],
        ["--cache", path.join(dir, "scorer"), "--sandbox", "preferred"],
      ),
      uri: `http://127.0.0.1:${port}`,
      healthPath: "/ready",
      log: path.join(dir, "scorer.log"),
      environment: { MLFLOW_TRACKING_URI: server.uri, PYTHONPATH: serving },
    });
    try {
      const answer = await fetch(`${scorer.uri}/predict`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ features: rows.slice(300).map(({ x1, x2 }) => [x1, x2]) }),
      });
      assert.equal(answer.status, 200, await answer.clone().text());
      return ((await answer.json()) as { predictions: number[] }).predictions;
    } finally {
      await scorer.stop();
    }
  }

  it("takes aliases, tags and stages of our client", async () => {
    const { version } = ofOlder;
    await client.setRegisteredModelAlias(name, "dev", version);
    await client.setModelVersionTag(name, version, versionTags.gitCommit, "c".repeat(40));
    await client.transitionModelVersionStage(name, version, "Staging", true);
    const found = await client.getModelVersionByAlias(name, "dev");
    assert.deepEqual([found.version, found.currentStage], [version, "Staging"]);
    assert.equal(found.tags[versionTags.gitCommit], "c".repeat(40));
  });

  it("stores bytes of the same digest for our client and for a download by the MLflow that logged them", async () => {
    for (const { version, digest } of [ofOlder, ofNewer]) {
      assert.equal(await digestOfModelVersion(client, name, version), digest);
    }
  });

  it("predicts as the lock's MLflow does after the same training", () => {
    assert.deepEqual(ofOlder.predictions, ofNewer.predictions);
  });

  it("logs a version that our evaluator measures", async () => {
    const { evidence, accuracy } = await evaluated(ofOlder);
    assert.equal(evidence.smoke.passed, true, evidence.smoke.detail);
    const right = rows.slice(300).filter(({ label }, row) => label === ofOlder.predictions[row]);
    assert.equal(accuracy, right.length / 100);
  });

  it("leaves a database that is brought forward, with all that was in it, and still logs there", async () => {
    const before = await client.getModelVersionByAlias(name, "dev");
    await server.stop();
    const { from, to, mlflow } = await brought();
    assert.notEqual(from, to);
    assert.equal(mlflow, await mlflowOf(newer));
    await startRegistry(newer);
    assert.deepEqual(await client.getModelVersionByAlias(name, "dev"), before);
    const [again, answers] = await Promise.all([logged(older), served(ofOlder)]);
    assert.deepEqual(answers, ofOlder.predictions);
    assert.deepEqual(again.predictions, ofOlder.predictions);
    assert.equal(await digestOfModelVersion(client, name, again.version), again.digest);
  });

  /** Migrates the registry's database to the lock's MLflow. */
  async function brought() {
    const migrate = "from tollgate_serving.cluster.migrate import main; raise SystemExit(main([]))";
    const database = `sqlite:///${path.join(dir, "registry", "mlflow.db")}`;
    const environment = { MLFLOW_BACKEND_STORE_URI: database, PYTHONPATH: serving };
    const printed = await runPython(newer, migrate, environment);
    return JSON.parse(printed) as { mlflow: string; from: string; to: string };
  }
});

async function mlflowOf(interpreter: string): Promise<string> {
  const printed = await runPython(
    interpreter,
    "from importlib.metadata import version; print(version('mlflow'))",
    {},
  );
  return printed.trim();
}

interface Row {
  x1: number;
  x2: number;
  label: number;
}

/** Rows whose label a straight line tells, all distinct. */
function table(count: number): Row[] {
  return Array.from({ length: count }, (_, index) => {
    const [x1, x2] = [Math.sin(index * 1.7), Math.cos(index * 2.3)];
    return { x1, x2, label: x1 + 2 * x2 > 0.3 ? 1 : 0 };
  });
}

function csv(rows: readonly Row[]): string {
  const lines = rows.map(({ x1, x2, label }) => `${x1},${x2},${label}`);
  return ["x1,x2,label", ...lines, ""].join("\n");
}
