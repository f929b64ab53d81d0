// Faults caused on purpose against a served environment: each ends in one sentence and the right exit code, loses
// nothing, and leaves the old version answering. SQLite and a folder keep it quick; promotion.spec.ts has the rest.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import http from "node:http";
import path from "node:path";
import { freePort, TestProject, type CommandResult } from "../support/project";

const minutes = (n: number) => n * 60_000;

describe("faults around a served model", function () {
  this.timeout(minutes(3));
  let project: TestProject;
  const url = () => `http://127.0.0.1:${project.ports["staging"]!.scorer}`;
  const servedVersion = async () =>
    ((await (await fetch(`${url()}/health`)).json()) as { version: string }).version;
  const stackFile = () => path.join(project.dir, "Pulumi.staging.yaml");

  /** Runs with one changed setting and puts the stack file back. */
  async function withSetting(
    change: (config: Record<string, unknown>) => void,
    ...args: string[]
  ): Promise<CommandResult> {
    const original = fs.readFileSync(stackFile(), "utf8");
    project.configure("staging", change);
    try {
      return await project.tollgate([...args, "--stack", "staging"]);
    } finally {
      fs.writeFileSync(stackFile(), original);
    }
  }

  before(async function () {
    this.timeout(minutes(5));
    project = await TestProject.create("churn", ["staging"], (config) => {
      config["tollgate:database"] = { kind: "sqlite" };
      config["tollgate:artifactStore"] = { kind: "folder" };
      (config["tollgate:train"] as Record<string, unknown>)["parameters"] = {
        model: "gradient-boosting",
      };
    });
    await project.must("up", "--stack", "staging");
    await project.must("train", "--stack", "staging");
    await project.must("evaluate", "--stack", "staging");
    await project.must("pin", "1", "--stack", "staging");
    await project.must("up", "--stack", "staging");
    await project.must("train", "--stack", "staging", "--param", "n_estimators=120");
    await project.must("evaluate", "--stack", "staging");
  });
  after(() => project.dispose());
  afterEach(async () =>
    assert.equal(await servedVersion(), "1", "the old version stopped answering"),
  );

  it("refuses a pin on a version that isn't there", async () => {
    const result = await withSetting((config) => {
      config["tollgate:pin"] = `99@sha256:${"1".repeat(64)}`;
    }, "up");
    assert.equal(result.code, 2, result.stderr);
    assert.match(result.stdout + result.stderr, /churn-model v99/);
  });

  it("refuses a pin whose digest isn't the one that was evaluated", async () => {
    const result = await withSetting((config) => {
      config["tollgate:pin"] = `2@sha256:${"1".repeat(64)}`;
    }, "preview");
    assert.equal(result.code, 2, result.stderr);
    assert.match(result.stdout, /digest-matches/);
  });

  it("names a mistyped key and the nearest one there is", async () => {
    const result = await withSetting((config) => {
      config["tollgate:scorrer"] = { port: 1 };
    }, "up");
    assert.equal(result.code, 1, result.stderr);
    assert.match(result.stderr, /tollgate:scorrer.*tollgate:scorer/s);
  });

  it("refuses when the registry answers with 500, HTML, slowly or not at all", async () => {
    const answers: Record<string, http.RequestListener> = {
      "500": (_request, response) => response.writeHead(500).end("broken"),
      HTML: (_request, response) =>
        response.writeHead(200, { "content-type": "text/html" }).end("<html>login</html>"),
      silence: () => {},
    };
    for (const [name, listener] of Object.entries(answers)) {
      const server = http.createServer(listener);
      const port = await freePort();
      await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
      try {
        const result = await withSetting((config) => {
          config["tollgate:pin"] = `2@sha256:${"1".repeat(64)}`;
          config["tollgate:trackingServer"] = {
            uri: `http://127.0.0.1:${port}`,
            timeoutSeconds: 1,
          };
        }, "preview");
        assert.equal(result.code, 2, `${name}: ${result.stdout}${result.stderr}`);
        assert.match(result.stdout + result.stderr, new RegExp(`127.0.0.1:${port}`), name);
      } finally {
        server.closeAllConnections();
        server.close();
      }
    }
  });

  it("says who holds a port that a server needs, and keeps the old server", async () => {
    const stranger = http.createServer((_request, response) => response.end("stranger"));
    const port = await freePort();
    await new Promise<void>((resolve) => stranger.listen(port, "127.0.0.1", resolve));
    try {
      const result = await withSetting((config) => {
        config["tollgate:trackingServer"] = { port };
      }, "up");
      assert.notEqual(result.code, 0);
      assert.match(
        result.stdout + result.stderr,
        new RegExp(`port ${port} \\(tollgate:trackingServer.port\\).* taken by .*${process.pid}`),
      );
    } finally {
      stranger.close();
    }
    await project.must("up", "--stack", "staging");
  });

  it("ends a training that fails, or prints nothing, with a sentence", async () => {
    const broken: Record<string, [string, RegExp]> = {
      "exit 7": ["import sys; print('half way'); sys.exit(7)", /exit code 7/],
      nothing: ["pass", /printed nothing/],
    };
    for (const [name, [code, sentence]] of Object.entries(broken)) {
      const result = await withSetting((config) => {
        (config["tollgate:train"] as Record<string, unknown>)["command"] = ["python", "-c", code];
      }, "train");
      assert.equal(result.code, 1, name);
      assert.match(result.stderr, sentence, name);
    }
  });

  it("releases nothing when the bytes were swapped after the evaluation", async () => {
    await project.must("pin", "2", "--stack", "staging");
    const artifacts = path.join(project.stateDir("staging"), "data");
    const swapped = fs
      .readdirSync(artifacts, { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith("model.skops") || file.endsWith("model.pkl"))
      .map((file) => path.join(artifacts, file));
    assert.ok(swapped.length >= 2, "no model files found to swap");
    const originals = swapped.map((file) => fs.readFileSync(file));
    for (const file of swapped) fs.appendFileSync(file, "swapped");
    try {
      const result = await project.tollgate(["up", "--stack", "staging"]);
      assert.equal(result.code, 1, result.stdout);
      assert.match(result.stderr + result.stdout, /digest/);
      assert.equal(await servedVersion(), "1");
    } finally {
      swapped.forEach((file, index) => fs.writeFileSync(file, originals[index]!));
      await project.must("pin", "1", "--stack", "staging");
      await project.must("up", "--stack", "staging");
    }
  });

  it("goes on after being killed at any moment of an up", async () => {
    for (const delay of [300, 1500, 3000, 5000]) {
      await project.must("pin", "2", "--stack", "staging");
      await project.tollgate(["up", "--stack", "staging"], {
        onSpawn: (child) => setTimeout(() => child.kill("SIGKILL"), delay),
      });
      assert.match(await servedVersion(), /^[12]$/, `no answer after a kill at ${delay} ms`);
      await project.must("up", "--stack", "staging");
      assert.equal(await servedVersion(), "2");
      await project.must("pin", "1", "--stack", "staging");
      await project.must("up", "--stack", "staging");
    }
  });

  it("stops at Ctrl-C with 130 and no engine left behind", async () => {
    await project.must("pin", "2", "--stack", "staging");
    const result = await project.tollgate(["up", "--stack", "staging"], {
      onSpawn: (child) => setTimeout(() => child.kill("SIGINT"), 1500),
    });
    assert.equal(result.code, 130, result.stderr);
    assert.doesNotMatch(
      execFileSync("ps", ["-eo", "args"], { encoding: "utf8" }),
      new RegExp(`pulumi.* up .*${path.basename(project.dir)}`),
    );
    await project.must("pin", "1", "--stack", "staging");
    await project.must("up", "--stack", "staging");
  });

  it("lets the second of two ups know that the first is at work", async () => {
    const both = await Promise.all([
      project.tollgate(["up", "--stack", "staging"]),
      project.tollgate(["up", "--stack", "staging"]),
    ]);
    const codes = both.map((result) => result.code).sort();
    assert.deepEqual(codes, [0, 1], both.map((result) => result.stderr).join("\n"));
    const loser = both.find((result) => result.code === 1)!;
    assert.match(loser.stderr, /another .*up.* \(pid \d+/i);
  });

  it("says that the state can't be written", async () => {
    const state = path.join(project.dir, ".pulumi");
    const away = `${state}.away`;
    fs.renameSync(state, away);
    fs.writeFileSync(state, "a file where the state folder should be");
    try {
      const result = await project.tollgate(["up", "--stack", "staging"]);
      assert.equal(result.code, 1);
      assert.match(result.stderr, /state.*\.pulumi/);
    } finally {
      fs.rmSync(state);
      fs.renameSync(away, state);
    }
  });
});
