import { execFile } from "node:child_process";
import { CliError } from "../errors";
import { daemonFailure, noBuildKit } from "./failures";

/** How one call of `docker` ended. */
export interface DockerResult {
  readonly ok: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

/** The Docker host that `docker` works on by itself: by DOCKER_HOST, its context, ssh, TLS, or the local socket. */
export interface DockerHost {
  /** Such as `unix:///var/run/docker.sock` or `ssh://ada@build.example`. */
  readonly address: string;
  /** Of the daemon. */
  readonly version: string;
  /** In Go's words, such as `amd64`. */
  readonly architecture: string;
}

/** What is read of an image on the Docker host. */
export interface ImageFacts {
  readonly id: string;
  /** Bytes. */
  readonly size: number;
  readonly architecture: string;
  readonly labels: Readonly<Record<string, string>>;
  /** `<repository>@sha256:…` of each registry that it was pushed to or pulled from. */
  readonly repoDigests: readonly string[];
}

/** Longest time that a call which builds, pulls and pushes nothing may take: a host behind ssh may be slow, or gone. */
const patienceMs = 60_000;

/** Variables of every call: BuildKit also where an old client doesn't take it by itself. */
export function dockerEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, DOCKER_BUILDKIT: "1" };
}

/**
 * Runs `docker` for a short answer.
 *
 * @throws CliError `no-docker` when there is no such program
 */
export function docker(args: readonly string[]): Promise<DockerResult> {
  const options = { env: dockerEnvironment(), timeout: patienceMs, maxBuffer: 64 * 2 ** 20 };
  return new Promise((resolve, reject) => {
    execFile("docker", args, options, (error, stdout, stderr) => {
      if (!error) return resolve({ ok: true, stdout, stderr });
      if (error.code === "ENOENT") return reject(noDocker());
      const said = error.killed ? `${stderr}\ntimed out` : stderr;
      resolve({ ok: false, stdout, stderr: said });
    });
  });
}

function noDocker(): CliError {
  return new CliError(
    "no-docker",
    "There is no `docker` on PATH: install Docker's command line (https://docs.docker.com/engine/install); the daemon may be on another machine.",
  );
}

/**
 * Asks the daemon who it is, so that whatever keeps a build from starting is said at once.
 *
 * @throws CliError `no-docker`, `docker-away`, `docker-rights` or `docker-context`
 */
export async function dockerHost(): Promise<DockerHost> {
  const { ok, stdout, stderr } = await docker(["version", "--format", "{{json .}}"]);
  const address = await addressOf();
  if (!ok) {
    const failed = { said: stderr, daemon: address };
    throw (
      daemonFailure(failed) ??
      new CliError("docker-away", `Docker can't be used at ${address}: ${stderr.trim()}`)
    );
  }
  const { Server } = JSON.parse(stdout) as { Server?: { Version: string; Arch?: string } };
  if (!Server?.Arch) {
    throw new CliError(
      "docker-away",
      `What answers at ${address} isn't Docker's daemon: name one with DOCKER_HOST or \`docker context use\`.`,
    );
  }
  return { address, version: Server.Version, architecture: Server.Arch };
}

/**
 * Is there what a client that has no builder of its own, one of version 23 or newer, builds with?
 *
 * @throws CliError `no-buildkit`
 */
export async function requireBuildKit(): Promise<void> {
  const { stdout } = await docker(["--version"]);
  const major = Number(/^Docker version (\d+)\./.exec(stdout)?.[1] ?? 0);
  if (major < 23 || (await docker(["buildx", "version"])).ok) return;
  throw new CliError("no-buildkit", noBuildKit());
}

/** What is known of an image; null when the host hasn't got it. */
export async function imageFacts(reference: string): Promise<ImageFacts | null> {
  const { ok, stdout } = await docker([
    "image",
    "inspect",
    "--format",
    "{{json .}}",
    "--",
    reference,
  ]);
  if (!ok) return null;
  const image = JSON.parse(stdout) as {
    Id: string;
    Size: number;
    Architecture: string;
    RepoDigests: string[] | null;
    Config: { Labels: Record<string, string> | null } | null;
  };
  return {
    id: image.Id,
    size: image.Size,
    architecture: image.Architecture,
    labels: image.Config?.Labels ?? {},
    repoDigests: image.RepoDigests ?? [],
  };
}

/** Where the daemon is. The same for every context that names none, and for clients that know no contexts. */
async function addressOf(): Promise<string> {
  if (process.env.DOCKER_HOST) return process.env.DOCKER_HOST;
  const format = "{{.Endpoints.docker.Host}}";
  const { ok, stdout } = await docker(["context", "inspect", "--format", format]);
  return (ok && stdout.trim()) || "its usual socket";
}
