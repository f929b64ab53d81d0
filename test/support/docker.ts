import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import path from "node:path";

/** What `npm run test:docker` tells specs of the daemon that it started. */
export const variables = {
  /** Its address. */
  host: "TOLLGATE_TEST_DOCKER_HOST",
  /** Folder of its client and of the registry. */
  programs: "TOLLGATE_TEST_DOCKER_PROGRAMS",
  /** An image on it, with Python and pip. */
  base: "TOLLGATE_TEST_DOCKER_BASE",
  /** Folder with wheels of every package of an image. */
  wheels: "TOLLGATE_TEST_DOCKER_WHEELS",
  /** Folder of a newer client, and in `cli-plugins` of its buildx. */
  modern: "TOLLGATE_TEST_DOCKER_MODERN",
} as const;

/** The address that containers and builds reach servers under which were started with `inDockerNetwork`. */
export const networkGateway = "10.199.0.1";

export interface TestDocker {
  readonly host: string;
  readonly programs: string;
  readonly base: string;
  readonly wheels: string;
  readonly modern: string;
  /** What `docker` and what calls it get: this daemon, this client, and nothing of the user's own. */
  readonly env: Readonly<Record<string, string>>;
}

/** The daemon for tests. Fails where none was started: a spec that is skipped proves nothing. */
export function testDocker(): TestDocker {
  const [host, programs, base, wheels, modern] = Object.values(variables).map((name) => {
    const value = process.env[name];
    if (value) return value;
    throw new Error(`${name} isn't set: run this by \`npm run test:docker\` (CONTRIBUTING.md).`);
  }) as [string, string, string, string, string];
  const searchPath = [programs, process.env["PATH"]].join(path.delimiter);
  return { host, programs, base, wheels, modern, env: { DOCKER_HOST: host, PATH: searchPath } };
}

/** Runs the test daemon's client and gives what it prints. */
export function dockerOutput(args: readonly string[], { env, programs } = testDocker()): string {
  return execFileSync(path.join(programs, "docker"), args, {
    env: { ...process.env, ...env },
    encoding: "utf8",
    maxBuffer: 2 ** 30,
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/**
 * Starts a server in the daemon's network and waits for a line of its output.
 *
 * @param ready what it prints, on stdout or stderr, when it can be asked
 */
export async function inDockerNetwork(
  command: readonly string[],
  ready: RegExp,
  env: Readonly<Record<string, string>> = {},
): Promise<ChildProcess> {
  const enter = path.join(__dirname, "..", "docker", "node", "enter");
  const child = spawn(enter, command, {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  await new Promise<void>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (data: Buffer) => {
        said += data.toString();
        if (ready.test(said)) resolve();
      });
    }
    child.on("error", reject);
    child.on("exit", (code) => reject(new Error(`${command[0]} ended with ${code}: ${said}`)));
  });
  return child;
}

/** Ends a server and waits until it has ended. */
export async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  await new Promise((resolve) => {
    child.on("exit", resolve);
    child.kill();
  });
}
