// A third kind of runtime, made for this file: the contract can be kept by something else than the two kinds there are,
// with nothing but `Operations` to go by. Its servers are real processes, with a file each for pid and log. A kind for
// users needs two things besides: its branch of the settings in config/, and its line in runtimes/index.ts with what
// declares it. Other folders can't tell kinds apart: kind.spec.ts sees to that.
import { spawn } from "node:child_process";
import fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Settings } from "../../config/settings";
import { appendReceipt } from "../../history/receipts";
import { freePort } from "../../processes/ports";
import { answerOf } from "../../runtimes/answer";
import { OperationError } from "../../runtimes/errors";
import type { Operations } from "../../runtimes/operations";
import { pin, stagingSettings } from "../support/fixtures";
import { receiptFacts } from "../support/receipts";
import { keepsTheContract, type TestEnvironment } from "./contract";
import { until } from "./local/support";

type Place = Pick<Settings, "stateDir">;

const folderOf = ({ stateDir }: Place) => path.join(stateDir, "elsewhere");
const fileOf = (place: Place, name: string) => path.join(folderOf(place), name);
const pidOf = (place: Place, name: string) =>
  Number(fs.readFileSync(fileOf(place, `${name}.pid`), "utf8"));
const urlOf = ({ scorer }: Settings) => `http://127.0.0.1:${scorer.port}`;

function serversOf(place: Place): string[] {
  if (!fs.existsSync(folderOf(place))) return [];
  const files = fs.readdirSync(folderOf(place)).filter((file) => file.endsWith(".pid"));
  return files.map((file) => file.slice(0, -".pid".length)).sort();
}

function runs(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** What is done with an environment on runtime `elsewhere`. */
const elsewhere: Operations = {
  traits: {
    stateNamesFolders: true,
    tellsUnchanged: false,
    answersHere: true,
    releasedByOthers: false,
    backsUp: false,
  },
  requireReady: async () => {},
  requireOneMove: async () => {},
  registryExists: async (settings) => serversOf(settings).includes("registry"),
  requireOwnRegistry: async () => {},
  withReachableRegistry: (settings, work) => work(settings),
  lostRegistryData: () => null,
  strangers: async () => [],
  async observe(settings, askRegistry) {
    const processes = serversOf(settings).map((name) => {
      const pid = pidOf(settings, name);
      const healthy = runs(pid);
      const status = healthy ? "running" : "stopped";
      const unknown = { uptime: null, address: null, restarted: null };
      return { name, status, healthy, pid: healthy ? pid : null, ...unknown };
    });
    const serving = { url: urlOf(settings), ...(await answerOf(urlOf(settings))) };
    const nothingElse = { cluster: null, pods: [], interrupted: false, objects: [] };
    return { serving, registry: await askRegistry(), processes, ...nothingElse };
  },
  answer: (_settings, url) => answerOf(url),
  servingAfterFailure: async (settings) => ({
    url: urlOf(settings),
    ...(await answerOf(urlOf(settings))),
  }),
  isReachableHere: () => true,
  fetchReceipts: async () => {},
  async logs(settings) {
    const names = serversOf(settings);
    return { logs: names.map((name) => ({ name })), lines: names, what: "logs" };
  },
  async logEnd(settings, name, count) {
    if (!serversOf(settings).includes(name)) throw refusal("no-log", `has no log of "${name}"`);
    const log = fs.readFileSync(fileOf(settings, `${name}.log`), "utf8");
    return { source: { name }, lines: log.trimEnd().split("\n").slice(-count) };
  },
  async stop(settings) {
    const names = serversOf(settings);
    const living = names.map((name) => pidOf(settings, name)).filter(runs);
    for (const pid of living) process.kill(pid);
    await until(() => !living.some(runs));
    return names;
  },
  dataPlace: folderOf,
  claimBackup: async () => {
    throw refusal("usage", "has no data that could be copied");
  },
  keptData: async () => null,
  diagnose: async () => [],
  ensurePlugins: async () => {},
  isUntouched: async () => true,
  forgetUntouched: async () => {},
  recordUntouched: async () => {},
  undoByHand: async () => [],
  removeAbandoned: async () => null,
  modelFolder: (_settings, scratch) => scratch,
  servingImage: () => null,
  render: null,
};

function refusal(code: string, what: string): OperationError {
  return new OperationError(code, `A stack on runtime elsewhere ${what}.`);
}

/** Answers each path that it is given JSON for, and says on its output that it starts and that it listens. */
const server = `
  console.log("starts");
  const [port, answers] = process.argv.slice(1);
  const answerTo = ({ url }) => JSON.parse(answers)[url.split("?")[0]] ?? null;
  const listener = require("node:http").createServer((asked, response) => response.end(JSON.stringify(answerTo(asked))));
  listener.listen(Number(port), "127.0.0.1", () => console.log("listens on " + port));
`;

/** Starts a server of the kind, and waits until it has said so. */
async function start(place: Place, name: string, port: number, answers: object): Promise<void> {
  fs.mkdirSync(folderOf(place), { recursive: true });
  const log = fs.openSync(fileOf(place, `${name}.log`), "a");
  const words = ["-e", server, String(port), JSON.stringify(answers)];
  const child = spawn(process.execPath, words, { detached: true, stdio: ["ignore", log, log] });
  fs.closeSync(log);
  child.unref();
  fs.writeFileSync(fileOf(place, `${name}.pid`), String(child.pid));
  await until(() => fs.readFileSync(fileOf(place, `${name}.log`), "utf8").includes("listens"));
}

async function onElsewhere(): Promise<TestEnvironment> {
  const stateDir = fs.mkdtempSync(path.join(tmpdir(), "tollgate-elsewhere-"));
  const [port, scorerPort] = [await freePort(), await freePort()];
  const { scorer, trackingServer, model, stage } = stagingSettings();
  const settings = stagingSettings({
    ...{ stateDir, projectDir: stateDir },
    scorer: { ...scorer, port: scorerPort },
    trackingServer: { ...trackingServer, uri: `http://127.0.0.1:${port}`, port },
  });
  const version = { model_version: { name: model, version: pin.version } };
  return {
    settings: async () => settings,
    async release() {
      const registry = { "/health": "OK", "/api/2.0/mlflow/model-versions/get": version };
      await start(settings, "registry", port, registry);
      await start(settings, "scorer", scorerPort, { "/health": { model, ...pin, stage } });
      await appendReceipt(stateDir, receiptFacts());
    },
    async destroy() {
      await elsewhere.stop(settings);
      fs.rmSync(folderOf(settings), { recursive: true });
    },
    async dispose() {
      await elsewhere.stop(settings);
      fs.rmSync(stateDir, { recursive: true });
    },
    changeByHand: null,
    leaveBehind: null,
  };
}

keepsTheContract("elsewhere", elsewhere, onElsewhere);
