import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { samePin } from "../history/rollback";
import type { Settings } from "../config/settings";
import type { PinnedVersion, Verdict } from "../policies/gate";
import { nameOfPin } from "./judgement";
import { duration } from "./output";
import { registryOf } from "./registry";

/** Longest wait for the scorer's answer, in milliseconds. */
const answerTimeout = 2000;

export interface ProcessStatus {
  name: string;
  /** `running`, or what is wrong. */
  status: string;
  healthy: boolean;
  pid: number | null;
  /** Since the process was started; null when it doesn't run. */
  uptime: string | null;
  address: string | null;
}

/** What the router's callers get. */
export interface ServingStatus {
  url: string;
  answer: { model: string; version: string; digest: string; stage: string } | null;
  /** Why there is no answer. */
  problem: string | null;
}

export interface RegistryStatus {
  uri: string;
  alias: { name: string; version: string | null };
  /** Legacy stage of the pinned version. */
  stage: string | null;
  /** Why the registry can't be asked. */
  problem: string | null;
}

export interface ReleasedWaiver {
  gate: string;
  owner: string;
  reason: string;
  expires: string;
  /** Is its time over? The version goes on being served, and somebody should know. */
  over: boolean;
}

/** Everything `status` knows about one stack. */
export interface Status {
  stack: string;
  tier: string;
  runtime: string;
  pin: PinnedVersion | null;
  lastReceipt: { pin: PinnedVersion; at: string; actor: string } | null;
  serving: ServingStatus;
  registry: RegistryStatus;
  /** Who approved exactly the pinned version under the gates of now, signed and not expired. */
  approvals: string[];
  /** Gates that the pinned version was released past, and until when that was accepted. */
  waivers: ReleasedWaiver[];
  processes: ProcessStatus[];
  /** One sentence for each difference between what is pinned and what is. */
  drift: string[];
}

/** Looks at a stack from the outside: files, processes, the registry and the scorer. Never throws for what is down. */
export async function statusOf(settings: Settings): Promise<Status> {
  const { standingApprovals } = await import("./approvals");
  const { stack, tier, runtime, pin, stateDir } = settings;
  const [serving, registry, processes] = await Promise.all([
    servingStatus(settings),
    registryStatus(settings),
    processStatus(stateDir),
  ]);
  const chain = await receiptsOf(settings);
  const approvals = pin ? standingApprovals(settings, pin, new Date()) : [];
  const facts = {
    stack,
    tier,
    runtime,
    pin,
    lastReceipt: chain.last,
    serving,
    registry,
    approvals: approvals.map(({ approver }) => approver),
    waivers: samePin(pin, chain.last?.pin) ? chain.waivers : [],
    processes,
  };
  const interrupted = existsSync(join(stateDir, "route", "journal.json"));
  const drift = driftOf(facts, settings.stage, interrupted);
  return { ...facts, drift: chain.problem ? [chain.problem, ...drift] : drift };
}

interface LastRelease {
  last: Status["lastReceipt"];
  waivers: ReleasedWaiver[];
  problem: string | null;
}

/** The last receipt, or why the chain can't be trusted. */
async function receiptsOf({ stateDir }: Settings): Promise<LastRelease> {
  const { AlteredReceiptsError, readReceipts } = await import("../history/receipts");
  try {
    const last = readReceipts(stateDir).receipts.at(-1);
    if (!last) return { last: null, waivers: [], problem: null };
    const { pin, at, actor, verdicts } = last;
    return { last: { pin, at, actor }, waivers: waiversOf(verdicts, new Date()), problem: null };
  } catch (error) {
    if (!(error instanceof AlteredReceiptsError)) throw error;
    return { last: null, waivers: [], problem: error.message };
  }
}

/** The waivers that a release's verdicts name, each gate once. */
export function waiversOf(
  verdicts: readonly Pick<Verdict, "gate" | "waiver">[],
  now: Date,
): ReleasedWaiver[] {
  const byGate = new Map<string, ReleasedWaiver>();
  for (const { gate, waiver } of verdicts) {
    if (!waiver) continue;
    byGate.set(gate, { gate, ...waiver, over: !(now.getTime() < Date.parse(waiver.expires)) });
  }
  return [...byGate.values()];
}

type Facts = Omit<Status, "drift">;

/** Where what is declared, what is recorded and what is really there part. Pure. */
export function driftOf(facts: Facts, stage: string, interrupted: boolean): string[] {
  const { pin, lastReceipt, serving, registry, processes } = facts;
  const drift: string[] = [];
  if (interrupted) drift.push("a release is under way, or was interrupted");
  for (const { name, status, healthy } of processes)
    if (!healthy) drift.push(`${name} is ${status}`);
  if (!pin) {
    if (serving.answer)
      drift.push(`nothing is pinned, but version ${serving.answer.version} answers`);
    return drift;
  }
  if (!samePin(pin, lastReceipt?.pin)) {
    const released = lastReceipt
      ? `${nameOfPin(lastReceipt.pin)} was released last`
      : "nothing was released yet";
    drift.push(`${nameOfPin(pin)} is pinned, but ${released}`);
  }
  const { answer } = serving;
  if (!answer) drift.push(`nothing answers at ${serving.url} (${serving.problem})`);
  else if (answer.version !== pin.version || answer.digest !== pin.digest) {
    drift.push(
      `version ${answer.version} (${answer.digest.slice(0, 19)}) answers instead of ${nameOfPin(pin)}`,
    );
  }
  if (registry.problem) return [...drift, registry.problem];
  const { name, version } = registry.alias;
  if (version !== pin.version) {
    drift.push(
      `alias ${name} in the registry points to ${version ? `version ${version}` : "nothing"} instead of version ${pin.version}`,
    );
  }
  if (stage !== "None" && registry.stage !== stage) {
    drift.push(
      `the registry has version ${pin.version} in stage ${registry.stage ?? "None"} instead of ${stage}`,
    );
  }
  return drift;
}

async function servingStatus({ scorer }: Settings): Promise<ServingStatus> {
  const host = scorer.host === "0.0.0.0" || scorer.host === "::" ? "127.0.0.1" : scorer.host;
  const url = `http://${host.includes(":") ? `[${host}]` : host}:${scorer.port}`;
  const failed = (problem: string) => ({ url, answer: null, problem });
  try {
    const response = await fetch(`${url}/health`, { signal: AbortSignal.timeout(answerTimeout) });
    const text = await response.text();
    if (!response.ok) return failed(`HTTP ${response.status}`);
    const answer = JSON.parse(text) as Partial<NonNullable<ServingStatus["answer"]>>;
    const { model, version, digest, stage } = answer;
    if (!version || !digest) return failed("it is no scorer of ours");
    return {
      url,
      answer: { model: model ?? "", version, digest, stage: stage ?? "" },
      problem: null,
    };
  } catch (error) {
    if (error instanceof SyntaxError) return failed("it is no scorer of ours");
    const timedOut = error instanceof Error && error.name === "TimeoutError";
    return failed(timedOut ? `no answer within ${answerTimeout / 1000} s` : "no connection");
  }
}

async function registryStatus(settings: Settings): Promise<RegistryStatus> {
  const { model, alias, pin, trackingServer } = settings;
  const status: RegistryStatus = {
    uri: trackingServer.uri,
    alias: { name: alias, version: null },
    stage: null,
    problem: null,
  };
  const { isRegistryError } = await import("../registry/errors");
  const client = (await registryOf(settings)).within(Math.min(trackingServer.timeoutSeconds, 3));
  const orNull = (error: unknown) => {
    if (isRegistryError(error, "not-found")) return null;
    throw error;
  };
  try {
    const [aliased, pinned] = await Promise.all([
      client.getModelVersionByAlias(model, alias).catch(orNull),
      pin ? client.getModelVersion(model, pin.version).catch(orNull) : null,
    ]);
    return {
      ...status,
      alias: { name: alias, version: aliased?.version ?? null },
      stage: pinned?.currentStage ?? null,
    };
  } catch (error) {
    return { ...status, problem: error instanceof Error ? error.message : String(error) };
  }
}

async function processStatus(stateDir: string): Promise<ProcessStatus[]> {
  const folder = join(stateDir, "run");
  if (!existsSync(folder)) return [];
  const { inspectProcess } = await import("../runtimes/local/processes");
  const names = readdirSync(folder).filter((name) => existsSync(join(folder, name, "pid.json")));
  return Promise.all(
    names.sort().map(async (name) => {
      const found = await inspectProcess(stateDir, name);
      const running = found.state === "running";
      const { host } = specOf(folder, name);
      return {
        name,
        status: found.status,
        healthy: found.healthy,
        pid: running ? found.record.child.pid : null,
        uptime: running
          ? duration(Date.now() - statSync(join(folder, name, "pid.json")).mtimeMs)
          : null,
        address: running && host ? `${host}:${found.record.ports.main}` : null,
      };
    }),
  );
}

function specOf(folder: string, name: string): { host?: string } {
  try {
    return JSON.parse(readFileSync(join(folder, name, "spec.json"), "utf8")) as { host?: string };
  } catch {
    return {};
  }
}
