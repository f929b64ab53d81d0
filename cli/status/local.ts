import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Settings } from "../../config/settings";
import { duration } from "../output";
import { answerOf } from "./answer";
import type { ProcessStatus, ServingStatus } from "./status";

/** What callers get from this machine's router. */
export async function localServing({ scorer }: Settings): Promise<ServingStatus> {
  const host = scorer.host === "0.0.0.0" || scorer.host === "::" ? "127.0.0.1" : scorer.host;
  const url = `http://${host.includes(":") ? `[${host}]` : host}:${scorer.port}`;
  return { url, ...(await answerOf(url)) };
}

/** The stack's processes, by name. */
export async function processStatus(stateDir: string): Promise<ProcessStatus[]> {
  const folder = join(stateDir, "run");
  if (!existsSync(folder)) return [];
  const { inspectProcess } = await import("../../runtimes/local/processes");
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
