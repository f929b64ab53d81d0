import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { onPath, run } from "../../toolchain/processes";
import { withProgress } from "../../toolchain/progress";
import { command, type Environment } from "../cluster/command";
import type { Step } from "../cluster/own-node";
import { variables } from "../support/docker";
import { baseImage } from "./base-image";
import { wheels } from "./wheels";

const node = (name: string) => path.join(__dirname, "node", name);

/** Why this machine can't have a Docker daemon of its own, in one sentence; null when it can. */
export function whyNot(): string | null {
  if (process.getuid?.() !== 0) {
    return "The test's Docker daemon is started by root, in namespaces of its own: run this as root.";
  }
  const release = fs.existsSync("/etc/os-release")
    ? fs.readFileSync("/etc/os-release", "utf8")
    : "";
  if (!/^VERSION_CODENAME=bookworm$/m.test(release)) {
    return "The test's Docker daemon is that of Debian 12's packages: run this on such a machine.";
  }
  const missing = ["unshare", "nsenter", "ip", "go", "curl", "ps"].find(
    (name) => onPath(name).length === 0,
  );
  return missing
    ? `The test's Docker daemon needs ${missing}, which isn't on PATH: install it.`
    : null;
}

/** Starts the daemon and gives it a base image. Gives what specs need in their environment. */
export async function bringUp(step: Step): Promise<Environment> {
  const host = await step("starting Docker", () => run(node("up"), []));
  const programs = path.join(dockerCache(), "programs", "usr", "bin");
  const env = { [variables.host]: host.trim(), [variables.programs]: programs };
  const base = await step("base image", () =>
    withProgress((say) => baseImage(host.trim(), programs, say)),
  );
  const folder = await step("wheels", () => withProgress((say) => wheels(dockerCache(), say)));
  const modern = await step("a newer client", () => run(node("modern"), []));
  return {
    ...env,
    [variables.base]: base,
    [variables.wheels]: folder,
    [variables.modern]: modern.trim(),
  };
}

/** Settings of a second daemon, whose disk is small: in folders of a known name, so that it is found when its spec was killed. */
export const fullDaemon = {
  DOCKER_NODE_STATE: "/var/lib/tollgate-docker-full",
  DOCKER_NODE_DATA: "/var/lib/tollgate-docker-full/data",
} as const;

/** Ends the daemons with all they run; the cache stays. */
export async function takeDown(): Promise<void> {
  if (fs.existsSync(fullDaemon.DOCKER_NODE_STATE)) {
    await command(node("down"), [], { env: fullDaemon });
  }
  await command(node("down"), []);
  console.log(`What stays: the cache in ${dockerCache()}.`);
}

/** Folder of Docker's programs, of its images and of wheels, as its own commands find it. */
export function dockerCache(): string {
  const script = '. "$0"; echo "$DOCKER_NODE_CACHE"';
  return execFileSync("bash", ["-c", script, node("lib.sh")], { encoding: "utf8" }).trim();
}
