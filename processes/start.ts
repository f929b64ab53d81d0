import { spawn } from "node:child_process";
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { healthyFile, logFile, type PortRecord, runFolder, writeFileWhole } from "./folder";
import type { ProcessInputs } from "./process";
import { specHash, withPorts } from "./spec";

/** What every process gets of the caller's environment. */
const MINIMAL_ENVIRONMENT = ["PATH", "HOME", "LANG", "TMPDIR"];

/**
 * Writes a process's files and starts it under a keeper that outlives this command. Returns once it was
 * started, healthy or not. A kill of this command at any moment leaves nothing, or a process with its record.
 */
export async function startProcess(inputs: ProcessInputs, ports: PortRecord): Promise<void> {
  const { name, stateDir } = inputs;
  const folder = runFolder(stateDir, name);
  const log = logFile(stateDir, name);
  const filled = withPorts(inputs, ports);
  for (const path of [folder, dirname(log)]) {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  }
  writeFiles(filled);
  for (const record of ["pid.json", "exit.json", "halted.json", healthyFile]) {
    rmSync(join(folder, record), { force: true });
  }
  writeFileWhole(join(folder, "spec.json"), JSON.stringify(filled, null, 2));
  await startKeeper(inputs, {
    command: filled.command,
    environment: environmentOf(filled),
    folder,
    log,
    spec: specHash(inputs),
    ports,
    stopSignal: inputs.stopSignal,
  });
}

function writeFiles({ files, initialFiles }: ProcessInputs): void {
  for (const [path, content] of Object.entries(files)) {
    writeFileWhole(path, content);
  }
  for (const [path, content] of Object.entries(initialFiles)) {
    if (!existsSync(path)) {
      writeFileWhole(path, content);
    }
  }
}

function environmentOf({ environment, passEnvironment }: ProcessInputs): Record<string, string> {
  const minimal = Object.fromEntries(MINIMAL_ENVIRONMENT.map((name) => [name, name]));
  const copied: Record<string, string> = {};
  for (const [name, source] of Object.entries({ ...minimal, ...passEnvironment })) {
    const value = process.env[source];
    if (value !== undefined) {
      copied[name] = value;
    }
  }
  return { ...copied, ...environment };
}

/**
 * Starts the keeper in a session of its own and waits for its answer. The order goes through a pipe: the
 * keeper's arguments and environment hold nothing, and half an order, after a kill, starts nothing.
 */
function startKeeper(inputs: ProcessInputs, order: object): Promise<void> {
  const [program = "", ...arguments_] = inputs.keeper;
  return new Promise((resolve, reject) => {
    const fail = (reason: string) => reject(new Error(`cannot start ${inputs.name}: ${reason}`));
    const keeper = spawn(program, arguments_, {
      detached: true,
      cwd: "/",
      env: {},
      stdio: ["pipe", "pipe", "pipe"],
    });
    let answer = "";
    let complaint = "";
    keeper.once("error", (error) => fail(`${error.message}; check the Python environment`));
    keeper.stdin.on("error", () => undefined); // It ended at once: its answer or its end tells why.
    keeper.stdin.end(JSON.stringify(order));
    keeper.stderr.on("data", (data: Buffer) => (complaint += data.toString()));
    keeper.stdout.on("data", (data: Buffer) => (answer += data.toString()));
    keeper.stdout.once("close", () => {
      keeper.stderr.destroy();
      keeper.unref();
      const said = parseAnswer(answer);
      if (said.child !== undefined) {
        resolve();
      } else {
        fail(
          said.error ?? (complaint.trim().split("\n").at(-1) || "its keeper ended without a word"),
        );
      }
    });
  });
}

function parseAnswer(text: string): { child?: number; error?: string } {
  try {
    return JSON.parse(text) as { child?: number; error?: string };
  } catch {
    return {};
  }
}
