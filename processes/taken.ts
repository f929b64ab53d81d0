import { existsSync } from "node:fs";
import { join } from "node:path";
import { homeOf, type Home } from "./home";
import type { PortHolder } from "./ports";
import type { ProcessInputs } from "./process";

/** That a port is taken, by whom, and what to do: a clause without its first capital and its full stop. */
export function takenSentence(
  { host, port, portSetting }: Pick<ProcessInputs, "host" | "port" | "portSetting">,
  { pid, program }: PortHolder,
): string {
  const what = `port ${port} (${portSetting}) on ${host} is taken by`;
  const home = pid === null ? null : homeOf(pid);
  if (home) return `${what} ${whoseSentence(home)} or set another port`;
  const who = pid === null ? "another program" : `${program} (pid ${pid})`;
  return `${what} ${who}; stop it or set another port`;
}

/**
 * Whose a kept process is and how it is ended. Nobody has the records of one whose folder was deleted, and no command works
 * on a stack without settings.
 */
export function whoseSentence({ name, stack, projectDir, pid, there }: Home): string {
  const whose = `${name} (pid ${pid}) of stack ${stack} in ${projectDir}`;
  if (!there) return `${whose}, whose folder was deleted; end it with \`kill ${pid}\``;
  if (!hasSettings(projectDir, stack)) {
    return `${whose}, which has no Pulumi.${stack}.yaml any more; rename the stack back if it was renamed, end it with \`kill ${pid}\``;
  }
  return `${whose}; end it with \`tollgate stop --stack ${stack} --cwd ${projectDir}\``;
}

function hasSettings(projectDir: string, stack: string): boolean {
  return ["yaml", "yml"].some((end) => existsSync(join(projectDir, `Pulumi.${stack}.${end}`)));
}
