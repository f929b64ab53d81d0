// What another user of the host gets when it tries everything of an environment: the table of docs/access.md, made anew on
// real servers. Wants root, or sudo without a password, to become that user.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { freePort } from "../../processes/ports";
import type { ProcessInputs } from "../../processes/process";
import { stopProcess } from "../../processes/stop";
import { routeFiles } from "../../provider/envoy/files";
import { credentialType } from "../../provider/types/credential";
import { processType } from "../../provider/types/process";
import * as commands from "../../runtimes/local/commands";
import type { ProcessArguments } from "../../runtimes/local/process-arguments";
import { localFiles } from "../../runtimes/local/files";
import { recordOf } from "../runtimes/local/support";
import { type FakeScorer, startFakeScorer } from "../support/fake-scorer";
import { digestOf, stagingSettings } from "../support/fixtures";
import { testPython } from "../support/mlflow";
import { releaseTo } from "../support/router";

const root = path.join(__dirname, "../..");
/** `nobody`: no file here is its own. */
const stranger = 65534;

/** One thing to try: the answer's status, `done`, or the code of the error. */
type Attempt =
  | { kind: "ask"; url: string; method?: string; authorization?: string; socketPath?: string }
  | { kind: "list" | "read" | "write"; path: string }
  | { kind: "signal"; pid: number };

/** Runs as the other user, so it is text. Gets attempts by name on its input, and prints what came of each. */
const PROBE = `
  const fs = require("fs"), http = require("http");
  const ask = ({ url, method = "GET", authorization, socketPath }) =>
    new Promise((resolve) => {
      const headers = authorization ? { authorization } : {};
      const request = http.request(url, { method, headers, socketPath, agent: false, timeout: 10000 }, (answer) => {
        answer.resume();
        resolve(String(answer.statusCode));
      });
      request.on("error", (error) => resolve(error.code || String(error)));
      request.end(method === "POST" ? "{}" : undefined);
    });
  const acts = {
    ask,
    list: ({ path }) => fs.readdirSync(path),
    read: ({ path }) => fs.readFileSync(path),
    write: ({ path }) => fs.writeFileSync(path, "x"),
    signal: ({ pid }) => process.kill(pid, "SIGTERM"),
  };
  (async () => {
    const results = {};
    for (const [name, attempt] of Object.entries(JSON.parse(fs.readFileSync(0, "utf8")))) {
      try {
        const answer = await acts[attempt.kind](attempt);
        results[name] = attempt.kind === "ask" ? answer : "done";
      } catch (error) {
        results[name] = error.code || String(error);
      }
    }
    console.log(JSON.stringify(results));
  })();
`;

/** Not `spawnSync`: one of the servers that are asked is in this process. */
async function asStranger(attempts: Record<string, Attempt>): Promise<Record<string, string>> {
  const isRoot = process.getuid!() === 0;
  const [program, ...before] = isRoot
    ? [process.execPath]
    : ["sudo", "-n", "-u", `#${stranger}`, process.execPath];
  const child = spawn(program!, [...before, "-e", PROBE], {
    cwd: "/",
    env: {},
    ...(isRoot && { uid: stranger, gid: stranger }),
  });
  child.stdin.end(JSON.stringify(attempts));
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close"),
  ]);
  assert.equal(code, 0, `cannot become another user: ${stderr}`);
  return JSON.parse(stdout) as Record<string, string>;
}

/** The rows of the table of docs/access.md below the heading `## A second user of the host`. */
function documented(): Record<string, string> {
  const page = fs.readFileSync(path.join(root, "docs/access.md"), "utf8");
  const [, section = ""] = page.split("## A second user of the host");
  const rows = section.split("\n## ")[0]!.matchAll(/^\| ([^|]+) \| `([^`|]+)`[^|]*\|/gm);
  return Object.fromEntries([...rows].map(([, tried, got]) => [tried!.trim(), got!]));
}

describe("a second user of the host", function () {
  this.timeout(240_000);
  let folder: string;
  let stateDir: string;
  let scorer: FakeScorer;
  const started: string[] = [];

  before(() => {
    folder = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), "tollgate-access-"));
    // As a project's folder usually is, and a state folder of earlier versions.
    fs.chmodSync(folder, 0o755);
    stateDir = path.join(folder, "state");
    fs.mkdirSync(stateDir, { mode: 0o755 });
  });

  after(async () => {
    for (const name of started) await stopProcess(stateDir, name);
    await scorer?.stop();
    fs.rmSync(folder, { recursive: true, force: true });
  });

  async function create(declared: ProcessArguments) {
    started.push(declared.name);
    return (await processType.create(declared as ProcessInputs)).outputs;
  }

  it("gets what docs/access.md says", async () => {
    const paths = { root, python: await testPython() };
    const base = stagingSettings({ stateDir });
    const files = localFiles(stateDir);
    const passwordFile = path.join(stateDir, "secrets", "registry-password");
    const settings = {
      ...base,
      scorer: { ...base.scorer, port: await freePort("127.0.0.1") },
      trackingServer: {
        ...base.trackingServer,
        port: await freePort("127.0.0.1"),
        credentials: { passwordFile },
      },
    };
    const { outputs: made } = await credentialType.create({
      path: passwordFile,
      bytes: 20,
      deleteData: false,
    });
    const registry = await create(
      commands.trackingServerProcess(
        settings,
        paths,
        null,
        { destination: `file://${files.artifacts}`, environment: {} },
        { path: passwordFile, fingerprint: made.fingerprint },
      ),
    );
    const router = await create(commands.routerProcess(settings, paths));
    const url = `http://${router.address}`;
    const [version, digest] = ["1", digestOf("1")];
    scorer = await startFakeScorer({ model: settings.model, version, digest });
    await releaseTo({ stateDir, url }, version, [scorer.url], { maxP95Ms: 5000 });
    fs.mkdirSync(files.captured, { recursive: true });
    const rows = path.join(files.captured, "rows.csv");
    for (const file of [rows, path.join(stateDir, "receipts.jsonl")]) fs.writeFileSync(file, "x");

    const { adminSocket, routes } = routeFiles(stateDir);
    const api = `${registry.address}/api/2.0/mlflow`;
    const server = recordOf(registry).child.pid;
    const admin = { kind: "ask", method: "POST", socketPath: adminSocket } as const;
    const guess = `Basic ${Buffer.from("tollgate:password").toString("base64")}`;
    const results = await asStranger({
      "a prediction from the router": { kind: "ask", method: "POST", url: `${url}/predict` },
      "a prediction from a scorer's own port": {
        kind: "ask",
        method: "POST",
        url: `${scorer.url}/predict`,
      },
      "to stop the router by its admin interface": { ...admin, url: "http://admin/quitquitquit" },
      "the registry's health": { kind: "ask", url: `${registry.address}/health` },
      "to read versions in the registry": { kind: "ask", url: `${api}/model-versions/search` },
      "to register a model": {
        kind: "ask",
        method: "POST",
        url: `${api}/registered-models/create`,
      },
      "the same with a guessed password": {
        kind: "ask",
        method: "POST",
        url: `${api}/registered-models/create`,
        authorization: guess,
      },
      "to list the state folder": { kind: "list", path: stateDir },
      "to read the registry's password": { kind: "read", path: passwordFile },
      "to read rows that callers sent": { kind: "read", path: rows },
      "to read receipts": { kind: "read", path: path.join(stateDir, "receipts.jsonl") },
      "to write a receipt": { kind: "write", path: path.join(stateDir, "receipts.jsonl") },
      "to read the router's log": { kind: "read", path: router.logFile },
      "to move traffic in the router's files": { kind: "write", path: routes },
      "to stop a server by a signal": { kind: "signal", pid: server },
      "to read a server's environment": { kind: "read", path: `/proc/${server}/environ` },
    });
    assert.deepEqual(results, documented());
    const password = fs.readFileSync(passwordFile, "utf8");
    const known = await fetch(`${api}/experiments/get?experiment_id=0`, {
      headers: { authorization: `Bearer ${password}` },
    });
    assert.equal(known.status, 200);
  });
});
