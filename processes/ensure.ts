import { statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
  healthyFile,
  logFile,
  logSize,
  logTail,
  type PortRecord,
  runFolder,
  writeFileWhole,
} from "./folder";
import { healthProblem, hostPort, reachable } from "./health";
import { type Life, lifeOf } from "./inspect";
import { withProcessLock } from "./lock";
import { freePort, type PortHolder, portHolder } from "./ports";
import type { ProcessInputs, ProcessOutputs } from "./process";
import { inputsOf, portNames, specHash } from "./spec";
import { startProcess } from "./start";
import { endProcess } from "./stop";
import { takenSentence } from "./taken";

/** How often a start is tried again when another program took a freely chosen port in between. */
const PORT_ATTEMPTS = 3;

/** How long a port may be taken still that is to be had, in milliseconds. */
const PORT_PATIENCE_MS = 2000;

type Alive = Extract<Life, { state: "running" }>;

/**
 * Makes sure that this very process runs and answers: adopts a healthy one that was started from the same
 * inputs, stops any other of its name, starts it, waits for its health.
 *
 * @param known Ports it had before; kept as long as they are free.
 * @throws One sentence: port taken, died before it was healthy, never healthy, folder not writable.
 */
export async function ensureProcess(
  inputs: ProcessInputs,
  known: PortRecord | null,
): Promise<ProcessOutputs> {
  const { name, stateDir, health, stopTimeoutSeconds } = inputs;
  const patience = health.timeoutSeconds + stopTimeoutSeconds + 60;
  return await withProcessLock(stateDir, name, () => ensureLocked(inputs, known), patience);
}

async function ensureLocked(
  inputs: ProcessInputs,
  known: PortRecord | null,
): Promise<ProcessOutputs> {
  const life = lifeOf(inputs.stateDir, inputs.name);
  const former = life.state === "absent" ? null : life.record.ports;
  if (life.state === "running" && life.record.spec === specHash(inputs)) {
    const patience = inputs.health.timeoutSeconds - ageOf(inputs);
    if ((await healthWithin(inputs, life.record.ports, patience)) === null) {
      return keptOn(inputs, life);
    }
  } else if (inputs.port !== former?.main) {
    await refuseTakenPort(inputs); // Before the old one is stopped: it may as well stay.
  }
  await endProcess(inputs.stateDir, inputs.name);
  for (let attempt = 1; ; attempt++) {
    const ports = await choosePorts(inputs, { ...former, ...known });
    const logged = logSize(inputs.stateDir, inputs.name);
    await startProcess(inputs, ports);
    const problem = await healthWithin(inputs, ports, inputs.health.timeoutSeconds);
    const started = lifeOf(inputs.stateDir, inputs.name);
    if (problem === null && started.state === "running") {
      return keptOn(inputs, started);
    }
    await endProcess(inputs.stateDir, inputs.name);
    if (attempt === PORT_ATTEMPTS || !(await lostPort(inputs, ports))) {
      // Of one that died by itself, its keeper has recorded how only now that it is gone as well.
      const end = started.state === "dead" ? lifeOf(inputs.stateDir, inputs.name) : started;
      throw new Error(failureOf(inputs, end, problem ?? "it ended", logged));
    }
  }
}

/** Seconds since the running process was started: its keeper wrote the record then. */
function ageOf({ stateDir, name }: ProcessInputs): number {
  return (Date.now() - statSync(join(runFolder(stateDir, name), "pid.json")).mtimeMs) / 1000;
}

/** Null as soon as it is healthy; what is wrong when it died or the time was up. Asks at least once. */
async function healthWithin(
  inputs: ProcessInputs,
  ports: PortRecord,
  seconds: number,
): Promise<string | null> {
  const deadline = Date.now() + seconds * 1000;
  for (let pause = 20; ; pause = Math.min(pause * 1.5, 250)) {
    const problem = await healthProblem(inputs.health, inputs.host, ports.main);
    const dead = lifeOf(inputs.stateDir, inputs.name).state !== "running";
    if (dead) {
      return "it ended";
    }
    if (problem === null || Date.now() >= deadline) {
      return problem;
    }
    await sleep(pause);
  }
}

function failureOf(inputs: ProcessInputs, life: Life, problem: string, logged: number): string {
  const { name, stateDir, health } = inputs;
  const what =
    life.state === "dead"
      ? `ended before it was healthy: ${life.reason}`
      : `was not healthy within ${health.timeoutSeconds} s (${problem}) and was stopped`;
  const tail = logTail(stateDir, name, logged, (line) => !isHealthQuestion(line, health));
  const log = logFile(stateDir, name);
  return `${name} ${what}; ${tail ? `the end of its log ${log}: ${tail}` : `it wrote nothing of it to its log ${log}`}`;
}

/** Is a line of its log about our own questions whether it is healthy? They come often, and would push out the reason. */
function isHealthQuestion(line: string, { path = "/" }: ProcessInputs["health"]): boolean {
  return path !== "/" && /\bGET\b/.test(line) && line.includes(path);
}

async function choosePorts(inputs: ProcessInputs, known: Partial<PortRecord>): Promise<PortRecord> {
  await refuseTakenPort(inputs);
  const main = inputs.port || (await keepOrChoose(inputs.host, known.main, []));
  const ports: PortRecord & Record<string, number> = { main };
  for (const name of portNames(inputs)) {
    ports[name] = await keepOrChoose("127.0.0.1", known[name], Object.values(ports));
  }
  return ports;
}

async function keepOrChoose(
  host: string,
  known: number | undefined,
  used: readonly number[],
): Promise<number> {
  if (known !== undefined && !used.includes(known) && (await heldStill(host, known)) === null) {
    return known;
  }
  for (;;) {
    const port = await freePort(host);
    if (!used.includes(port)) {
      return port;
    }
  }
}

/** Who has a port and keeps it: what was killed with its keeper holds its own a little longer than it is listed. */
async function heldStill(host: string, port: number): Promise<PortHolder | null> {
  const deadline = Date.now() + PORT_PATIENCE_MS;
  for (;;) {
    const holder = await portHolder(host, port);
    if (holder === null || Date.now() >= deadline) return holder;
    await sleep(50);
  }
}

/** Did another program take a port that was free when it was chosen? */
async function lostPort(inputs: ProcessInputs, ports: PortRecord): Promise<boolean> {
  for (const [name, port] of Object.entries(ports)) {
    const chosen = name !== "main" || inputs.port === 0;
    if (chosen && (await portHolder(name === "main" ? inputs.host : "127.0.0.1", port)) !== null) {
      return true;
    }
  }
  return false;
}

async function refuseTakenPort({ host, port, portSetting }: ProcessInputs): Promise<void> {
  const holder = port === 0 ? null : await heldStill(host, port);
  if (holder) {
    throw new Error(takenSentence({ host, port, portSetting }, holder));
  }
}

/** From here on its keeper starts it again when it ends: before, that is a failed start, which is to be told. */
function keptOn(inputs: ProcessInputs, life: Alive): ProcessOutputs {
  writeFileWhole(join(runFolder(inputs.stateDir, inputs.name), healthyFile), "");
  return outputsOf(inputs, life);
}

function outputsOf(inputs: ProcessInputs, { record }: Alive): ProcessOutputs {
  const { main, ...ports } = record.ports;
  const address = hostPort(reachable(inputs.host), main);
  return {
    ...inputsOf(inputs),
    boundPort: main,
    ports,
    address: inputs.health.kind === "http" ? `http://${address}` : address,
    pid: record.keeper.pid,
    status: "running",
    logFile: logFile(inputs.stateDir, inputs.name),
  };
}
