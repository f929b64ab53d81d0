import { join } from "node:path";
import type { Settings } from "../../../config/settings";
import { homeOf, type Home, samePlace } from "../../../processes/home";
import { lifeOf } from "../../../processes/inspect";
import { portHolder } from "../../../processes/ports";
import { takenSentence } from "../../../processes/taken";

/** A server of a stack that others reach by a fixed address. */
type Server = "tracking-server" | "router";

/**
 * Who else listens where a server of this stack is to be reached: another program, another stack or another clone of
 * the project. Whatever it answers isn't this stack's.
 *
 * @returns one sentence that says whose it is and what to do; null when the server has its port, or nobody has it
 */
export async function strangerAt(settings: Settings, server: Server): Promise<string | null> {
  const { stateDir } = settings;
  if (server === "tracking-server" && !settings.trackingServer.managed) return null;
  const { host, port } = server === "tracking-server" ? settings.trackingServer : settings.scorer;
  const life = lifeOf(stateDir, server);
  if (life.state === "running" && life.record.ports.main === port) return null;
  const holder = await portHolder(host, port).catch(() => null);
  if (!holder) return null;
  const home = holder.pid === null ? null : homeOf(holder.pid);
  if (home?.there && isIn(home, stateDir)) return null;
  const setting = `tollgate:${server === "tracking-server" ? "trackingServer" : "scorer"}.port`;
  return `The ${server}'s ${takenSentence({ host, port, portSetting: setting }, holder)}.`;
}

/** One that its keeper left behind is ended by the next start. */
function isIn({ projectDir, stack }: Home, stateDir: string): boolean {
  return samePlace(join(projectDir, ".tollgate", stack), stateDir);
}

/** The strangers at any address of a stack, a sentence each. */
export async function strangersOf(settings: Settings): Promise<string[]> {
  const servers: Server[] = settings.pin ? ["tracking-server", "router"] : ["tracking-server"];
  const found = await Promise.all(servers.map((server) => strangerAt(settings, server)));
  return [...new Set(found.filter((sentence) => sentence !== null))];
}
