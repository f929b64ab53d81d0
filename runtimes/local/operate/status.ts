import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Settings } from "../../../config/settings";
import { answerOf } from "../../answer";
import { secondsSince } from "../../since";
import {
  idleWords,
  type Observed,
  type ProcessStatus,
  type RegistryStatus,
  type ServingStatus,
} from "../../observed";

/** Looks at a stack on this machine and at its registry. Never throws for what is down. */
export async function observe(
  settings: Settings,
  askRegistry: () => Promise<RegistryStatus>,
): Promise<Observed> {
  const { stateDir } = settings;
  const [serving, registry, processes, place] = await Promise.all([
    localServing(settings),
    askRegistry(),
    processStatus(stateDir),
    placeDrift(settings),
  ]);
  const objects = [...place, ...(await idleScorers(stateDir, processes))];
  const interrupted = existsSync(join(stateDir, "route", "journal.json"));
  return { serving, registry, processes, cluster: null, pods: [], interrupted, objects };
}

/** What callers get from this machine's router. What somebody else answers at its address isn't that. */
export async function localServing(settings: Settings): Promise<ServingStatus> {
  const { scorer } = settings;
  const host = scorer.host === "0.0.0.0" || scorer.host === "::" ? "127.0.0.1" : scorer.host;
  const url = `http://${host.includes(":") ? `[${host}]` : host}:${scorer.port}`;
  const { strangerAt } = await import("./strangers");
  const stranger = await strangerAt(settings, "router");
  if (stranger === null) return { url, ...(await answerOf(url)) };
  return { url, answer: null, problem: "it isn't this stack's router that has the port" };
}

/** What is wrong with where a stack is and with whom its addresses lead to, a sentence each. */
async function placeDrift(settings: Settings): Promise<string[]> {
  const [{ strangersOf }, { partingSentence, startedElsewhere }] = await Promise.all([
    import("./strangers"),
    import("../../../processes/place"),
  ]);
  const { stateDir } = settings;
  const from = startedElsewhere(stateDir);
  return [
    ...(from === null ? [] : [partingSentence({ kind: "moved", from }, stateDir, true)]),
    ...(await strangersOf(settings)),
  ];
}

/**
 * Scorers that run and get no traffic, a sentence each: an `up` that was cut off between starting them and moving traffic
 * leaves a second generation.
 */
async function idleScorers(
  stateDir: string,
  processes: readonly ProcessStatus[],
): Promise<string[]> {
  const { releasedVersion } = await import("../../../provider/release/released");
  const { isScorerName } = await import("../scorer-command");
  const used = new Set(releasedVersion(stateDir)?.scorers);
  return processes
    .filter(({ name, address }) => address !== null && isScorerName(name))
    .filter(({ address }) => !used.has(`http://${address}`))
    .map(({ name }) => `${name} ${idleWords}`);
}

/** The stack's processes, by name. */
export async function processStatus(stateDir: string): Promise<ProcessStatus[]> {
  const folder = join(stateDir, "run");
  const { inspectProcess } = await import("../../../processes");
  const { keptNames } = await import("../../../processes/kept");
  const names = keptNames(stateDir).filter((name) => existsSync(join(folder, name, "pid.json")));
  const processes = await Promise.all(
    names.map(async (name): Promise<ProcessStatus | null> => {
      const found = await inspectProcess(stateDir, name);
      // A record of another folder's process, which was copied.
      if (found.state === "absent") return null;
      const running = found.state === "running";
      const { host } = specOf(folder, name);
      return {
        name,
        status: found.status,
        healthy: found.healthy,
        pid: running ? found.record.child.pid : null,
        uptime: running
          ? secondsSince(statSync(join(folder, name, "pid.json")).mtimeMs, new Date())
          : null,
        address: running && host ? `${host}:${found.record.ports.main}` : null,
        restarted: running ? found.restarted : null,
      };
    }),
  );
  return processes.filter((each) => each !== null);
}

function specOf(folder: string, name: string): { host?: string } {
  try {
    return JSON.parse(readFileSync(join(folder, name, "spec.json"), "utf8")) as { host?: string };
  } catch {
    return {};
  }
}
