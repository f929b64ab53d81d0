import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { readRecord, type RunningRecord, runFolder } from "../../../processes/folder";
import type { ProcessInputs, ProcessOutputs } from "../../../processes/process";
import { stopProcess } from "../../../processes/stop";
import type { ProcessArguments } from "../../../runtimes/local/process-arguments";

export const root = path.join(__dirname, "..", "..", "..");

/** A small HTTP server: answers 200 on every path, and says `up` on its output. */
const SERVER = `
  const server = require("http").createServer((_, response) => response.end("ok"));
  server.listen(Number(process.argv[1]), "127.0.0.1", () => console.log("up"));
`;

/** A state folder of a test's own, with the processes started in it. */
export class Stage {
  readonly stateDir = mkdtempSync(path.join(tmpdir(), "tollgate-local-"));
  readonly #names = new Set<string>();

  constructor(readonly python: string) {}

  /** Inputs of a process, of the small server unless told otherwise. */
  inputs(change: Partial<ProcessInputs> = {}): ProcessInputs {
    const name = change.name ?? "small-server";
    this.#names.add(name);
    const keeper = path.join(root, "runtimes/local/servers/keeper.py");
    return {
      name,
      stateDir: this.stateDir,
      keeper: [this.python, "-S", "-s", "-E", keeper],
      command: [process.execPath, "-e", SERVER, "{port}"],
      environment: {},
      passEnvironment: {},
      host: "127.0.0.1",
      port: 0,
      portSetting: "tollgate:small.port",
      health: { kind: "http", path: "/", timeoutSeconds: 20 },
      files: {},
      initialFiles: {},
      dataPaths: [],
      deleteData: false,
      restartOn: {},
      stopSignal: "SIGTERM",
      stopTimeoutSeconds: 5,
      warmSeconds: 0,
      ...change,
    };
  }

  /** A process as `commands.ts` declares it; the test gives plain values. */
  of(declared: ProcessArguments): ProcessInputs {
    this.#names.add(declared.name);
    return declared as ProcessInputs;
  }

  /** A path in the state folder. */
  path(...parts: string[]): string {
    return path.join(this.stateDir, ...parts);
  }

  /** Stops all that was started here and removes the folder. */
  async clear(): Promise<void> {
    for (const name of [...this.#names].reverse()) {
      await stopProcess(this.stateDir, name);
    }
    rmSync(this.stateDir, { recursive: true, force: true });
  }
}

/** Who keeps a process and who is the server itself: the latter changes when the former starts it again. */
export function recordOf({
  stateDir,
  name,
}: Pick<ProcessOutputs, "stateDir" | "name">): RunningRecord {
  const record = readRecord<RunningRecord>(runFolder(stateDir, name), "pid.json");
  if (!record) throw new Error(`${name} has no pid.json`);
  return record;
}

/** A server of this very process on a free port of loopback: a stranger that has the port. */
export async function stranger(): Promise<{ port: number; close: () => Promise<void> }> {
  const server = createServer((_, response) => response.end("stranger"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("no port");
  return {
    port: address.port,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/** What a promise was rejected with, as text; fails when it wasn't. */
export async function refusal(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error("expected a refusal");
}

/** Waits until `condition` holds. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  seconds = 20,
): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`it did not happen within ${seconds} s`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
