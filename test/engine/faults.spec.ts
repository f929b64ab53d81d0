// Faults caused on purpose against a served environment: each ends in one sentence and the right exit code, loses
// nothing, and leaves the old version answering. SQLite and a folder keep it quick; promotion.spec.ts has killed
// servers and a moved alias, the specs of the parts have the faults that need no engine.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import http from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import {
  atLine,
  lightRegistry,
  TestProject,
  type CommandResult,
  type RunOptions,
} from "../support/project";

const minutes = (n: number) => n * 60_000;
const otherDigest = `sha256:${"1".repeat(64)}`;

/** Trains nothing, and registers a model whose code imports a package that isn't installed. */
const lackingTraining = `
import json, os, pathlib, mlflow
pathlib.Path("lacking_loader.py").write_text("import absent_forest")
with mlflow.start_run() as run:
    info = mlflow.pyfunc.log_model(
        name="model", loader_module="lacking_loader", code_paths=["lacking_loader.py"],
        pip_requirements=[f"mlflow=={mlflow.__version__}"], registered_model_name=os.environ["MODEL_NAME"],
    )
print(json.dumps({"run_id": run.info.run_id, "accuracy": 0.95, "model_version": info.registered_model_version}))
`;

describe("faults around a served model", function () {
  this.timeout(minutes(2));
  let project: TestProject;
  /** The version that must be answering after each test. */
  let expected = "1";
  const servedVersion = () => project.servedVersion("staging");
  const stackFile = () => path.join(project.dir, "Pulumi.staging.yaml");
  const printed = ({ stdout, stderr }: CommandResult) => stdout + stderr;

  /** Runs a command on the environment; whatever happens, nobody is shown a stack trace. */
  async function attempt(args: string[], options?: RunOptions): Promise<CommandResult> {
    const result = await project.tollgate([...args, "--stack", "staging"], options);
    assert.doesNotMatch(printed(result), /^\s+at \S+ \(|^Traceback/m);
    return result;
  }

  /** Runs with changed settings and puts the stack file back. */
  async function withSettings(
    change: (config: Record<string, unknown>) => void,
    ...args: string[]
  ): Promise<CommandResult> {
    const original = fs.readFileSync(stackFile(), "utf8");
    project.configure("staging", change);
    try {
      return await attempt(args);
    } finally {
      fs.writeFileSync(stackFile(), original);
    }
  }

  const withPin = (pin: string, ...args: string[]) =>
    withSettings((config) => (config["tollgate:pin"] = pin), ...args);

  async function pinTheOther(): Promise<void> {
    expected = expected === "1" ? "2" : "1";
    await project.must("pin", expected, "--stack", "staging");
  }

  before(async function () {
    this.timeout(minutes(5));
    project = await TestProject.create("churn", ["staging"], (config) => {
      lightRegistry(config);
      config["tollgate:release"] = { watchSeconds: 1, warmSeconds: 0 };
      (config["tollgate:train"] as Record<string, unknown>)["parameters"] = {
        model: "gradient-boosting",
      };
    });
    await project.must("up", "--stack", "staging");
    const evaluated = async (estimators: number) => {
      await project.must("train", "--stack", "staging", "--param", `n_estimators=${estimators}`);
      await project.must("evaluate", "--stack", "staging");
    };
    await evaluated(100);
    await project.must("pin", "1", "--stack", "staging");
    await project.must("up", "--stack", "staging");
    await evaluated(120);
  });
  after(() => project.dispose());
  afterEach(async () =>
    assert.equal(await servedVersion(), expected, "the expected version doesn't answer"),
  );

  it("refuses a pin on a version that isn't there", async () => {
    const result = await withPin(`99@${otherDigest}`, "up");
    assert.equal(result.code, 2, printed(result));
    assert.match(result.stdout, /nothing was changed/);
    assert.match(
      result.stdout,
      /Version 99 of "churn-model" is not in the registry at http.*; pin/,
    );
  });

  it("refuses a pin whose digest isn't the one that was evaluated", async () => {
    const result = await withPin(`2@${otherDigest}`, "preview");
    assert.equal(result.code, 2, printed(result));
    assert.match(result.stdout, /digest-matches +refused/);
    assert.match(result.stdout, /digest-matches: .*sha256:111111111111/);
  });

  it("names a mistyped key and the nearest one there is", async () => {
    const result = await withSettings((config) => (config["tollgate:scorrer"] = { port: 1 }), "up");
    assert.equal(result.code, 1);
    assert.match(
      result.stderr,
      /^Pulumi\.staging\.yaml .*\n +tollgate:scorrer: unknown key, did you mean scorer\?\n$/,
    );
  });

  const badRegistries: Record<string, [http.RequestListener, RegExp, object?]> = {
    "answers 500": [(_, response) => response.writeHead(500).end("broken"), /answered 500/],
    "answers with a page": [
      (_, response) =>
        response.writeHead(200, { "content-type": "text/html" }).end("<html>login</html>"),
      /HTML|text\/html/,
    ],
    "says nothing": [() => {}, /no answer within [\d.]+ s;/, { timeoutSeconds: 1 }],
  };
  for (const [what, [listener, sentence, settings]] of Object.entries(badRegistries)) {
    it(`refuses at preview when the registry ${what}`, async () => {
      const server = await listening(listener);
      try {
        const result = await withSettings((config) => {
          config["tollgate:pin"] = `2@${otherDigest}`;
          config["tollgate:trackingServer"] = { uri: server.url, ...settings };
        }, "preview");
        assert.equal(result.code, 2, printed(result));
        assert.match(result.stdout, new RegExp(`evidence-present: .*${server.url}`));
        assert.match(result.stdout, sentence);
      } finally {
        server.close();
      }
    });
  }

  it("says who holds a port that a server needs, and keeps the old server", async () => {
    const stranger = await listening((_, response) => response.end("stranger"));
    const { port } = stranger;
    try {
      const result = await withSettings(
        (config) => (config["tollgate:trackingServer"] = { port }),
        "up",
      );
      assert.equal(result.code, 1, printed(result));
      assert.match(
        result.stderr,
        new RegExp(`port ${port} \\(tollgate:trackingServer.port\\).* taken by .*${process.pid}`),
      );
      assert.match(result.stderr, /^Callers get version 1 \(sha256:[0-9a-f]{12}\) at http:/m);
    } finally {
      stranger.close();
    }
    const again = await project.must("up", "--stack", "staging");
    assert.match(again.stdout, /staging serves churn-model version 1/);
  });

  const brokenTrainings: Record<string, [string, RegExp]> = {
    fails: [
      "import sys; print('half way'); sys.exit(7)",
      /^Training failed with exit code 7; its last line was: half way$/m,
    ],
    "prints nothing": [
      "pass",
      /^Training .* printed no JSON line with run_id and model_version; it wrote nothing/m,
    ],
  };
  for (const [what, [code, sentence]] of Object.entries(brokenTrainings)) {
    it(`ends with a sentence when training ${what}`, async () => {
      const result = await withSettings((config) => {
        (config["tollgate:train"] as Record<string, unknown>)["command"] = ["python", "-c", code];
      }, "train");
      assert.equal(result.code, 1);
      assert.match(result.stderr, sentence);
      assert.equal(result.stdout, "");
    });
  }

  it("names the package that a model needs and its environment lacks", async () => {
    fs.writeFileSync(path.join(project.dir, "train_lacking.py"), lackingTraining);
    const trained = await withSettings((config) => {
      (config["tollgate:train"] as Record<string, unknown>)["command"] = [
        "python",
        "train_lacking.py",
      ];
    }, "train");
    assert.equal(trained.code, 0, printed(trained));
    // Its loader is code of its own, which would else be refused before anything is loaded.
    const result = await withSettings((config) => {
      const gates = config["tollgate:gates"] as Record<string, unknown>;
      gates["safe-code"] = { level: "advisory" };
    }, "evaluate");
    assert.equal(result.code, 1, printed(result));
    assert.match(
      result.stderr,
      /^The evaluation of churn-model version 3 failed.*the package absent_forest isn't installed; add it/m,
    );
  });

  it("releases nothing when the bytes were swapped after the evaluation", async () => {
    const swapped = modelFiles(path.join(project.stateDir("staging"), "data"));
    assert.ok(swapped.length >= 2, "no model files found to swap");
    const originals = swapped.map((file) => fs.readFileSync(file));
    for (const file of swapped) fs.appendFileSync(file, "swapped");
    // The bytes that were evaluated are kept here, and would be served; now they have to be fetched, as elsewhere.
    fs.rmSync(path.join(project.stateDir("staging"), "models"), { recursive: true });
    await project.must("pin", "1", "--stack", "staging");
    const pinned = fs.readFileSync(stackFile(), "utf8");
    try {
      await project.must("pin", "2", "--stack", "staging");
      const result = await attempt(["up"]);
      assert.equal(result.code, 1, printed(result));
      assert.match(result.stderr, /scorer.*digest/);
      assert.equal(await servedVersion(), "1");
    } finally {
      swapped.forEach((file, index) => fs.writeFileSync(file, originals[index]!));
      fs.writeFileSync(stackFile(), pinned);
    }
    await project.must("up", "--stack", "staging");
  });

  const moments: Record<string, RegExp> = {
    "when the pin was admitted": /(created|updated) +admission/,
    "when the new scorer has started": /created +process model-serving-scorer/,
    "while the traffic moves": /created +release check/,
  };
  for (const [moment, line] of Object.entries(moments)) {
    it(`goes on after its command was killed ${moment}`, async () => {
      await pinTheOther();
      const killed = await attempt(
        ["up"],
        atLine(line, (child) => child.kill("SIGKILL")),
      );
      assert.equal(killed.code, 137);
      assert.match(await servedVersion(), /^[12]$/);
      await project.must("up", "--stack", "staging");
    });
  }

  it("goes on after command and engine were killed while the traffic moves", async () => {
    await pinTheOther();
    const killed = await attempt(
      ["up"],
      atLine(moments["while the traffic moves"]!, (child) => {
        const engine = execFileSync("pgrep", ["-P", String(child.pid), "pulumi"]).toString();
        child.kill("SIGKILL");
        process.kill(Number(engine), "SIGKILL");
      }),
    );
    assert.equal(killed.code, 137);
    assert.match(await servedVersion(), /^[12]$/);
    await project.must("up", "--stack", "staging");
    const { deployment } = JSON.parse(
      (await project.pulumi(["stack", "export", "--stack", "staging"])).stdout,
    ) as { deployment: { pending_operations?: unknown[] } };
    assert.deepEqual(deployment.pending_operations ?? [], []);
  });

  const interruptions: Record<string, RegExp> = {
    train: /^Training/m,
    evaluate: /^downloading/m,
  };
  for (const [verb, line] of Object.entries(interruptions)) {
    it(`stops ${verb} at Ctrl-C with 130 and a sentence`, async () => {
      const result = await attempt(
        [verb],
        atLine(line, (child) => child.kill("SIGINT")),
      );
      assert.equal(result.code, 130, printed(result));
      assert.match(result.stderr, /churn-model.* was interrupted\.\n$/);
      assert.equal(result.stdout, "");
    });
  }

  it("stops at Ctrl-C with 130 and nothing left at work, and goes on from there", async () => {
    await pinTheOther();
    const result = await attempt(
      ["up"],
      atLine(/created +process/, (child) => child.kill("SIGINT")),
    );
    assert.equal(result.code, 130, printed(result));
    assert.match(result.stderr, /^Interrupted: `tollgate up --stack staging` goes on from/m);
    const working = execFileSync("ps", ["-eo", "args"], { encoding: "utf8" });
    assert.doesNotMatch(working, new RegExp(`pulumi.* up .*${path.basename(project.dir)}`));
    await project.must("up", "--stack", "staging");
  });

  it("keeps nothing beside its state that a kill could cut off", () => {
    const names = fs
      .readdirSync(path.join(project.dir, ".pulumi"), { recursive: true })
      .map(String);
    assert.ok(names.some((name) => /stacks.*staging\.json$/.test(name)));
    assert.deepEqual(
      names.filter((name) => name.endsWith(".attrs")),
      [],
    );
  });

  it("refuses the second of two ups, which names the first", async () => {
    await pinTheOther();
    const both = await Promise.all([attempt(["up"]), attempt(["up"])]);
    const codes = both.map(({ code }) => code).sort();
    assert.deepEqual(codes, [0, 1], both.map(printed).join("\n"));
    const second = both.find(({ code }) => code === 1)!;
    assert.match(
      second.stderr,
      /^Stack staging is being changed by \S+ \(pid \d+\) since \S+: wait until that is done/m,
    );
  });

  it("says that the state can't be written", async () => {
    const state = path.join(project.dir, ".pulumi");
    fs.renameSync(state, `${state}.away`);
    fs.writeFileSync(state, "a file where the state folder should be");
    try {
      const result = await attempt(["up"]);
      assert.equal(result.code, 1);
      assert.match(
        result.stderr,
        /^The stack's state at \S+\/\.pulumi\/\S+ can't be written \(not a directory\): make it/m,
      );
      assert.match(result.stderr, /^Callers get version [12] \(sha256:[0-9a-f]{12}\) at http:/m);
    } finally {
      fs.rmSync(state);
      fs.renameSync(`${state}.away`, state);
    }
  });
});

async function listening(listener: http.RequestListener) {
  const server = http.createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { port, url: `http://127.0.0.1:${port}`, close };
}

function modelFiles(folder: string): string[] {
  return fs
    .readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => /\/model\.(skops|pkl)$/.test(file))
    .map((file) => path.join(folder, file));
}
