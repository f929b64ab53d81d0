import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runChild } from "../child";
import { CliError } from "../errors";
import { duration, type Output } from "../terminal/output";
import { buildArguments, type ImageRequest } from "./arguments";
import {
  docker,
  dockerEnvironment,
  type DockerHost,
  dockerHost,
  type ImageFacts,
  imageFacts,
  requireBuildKit,
} from "./docker";
import { buildFailure } from "./failures";
import { maskOf } from "./masking";
import { defaultTag, freeTag, type ImageName } from "./names";

/** Longest time of one build: a slow mirror behind a slow machine. */
const timeoutSeconds = 2 * 3600;

/** An image that was built and has its name. */
export interface BuiltImage extends ImageFacts {
  /** `<repository>:<tag>`. */
  readonly reference: string;
  readonly repository: string;
  /** Milliseconds. */
  readonly took: number;
}

/**
 * Builds an image on the user's Docker host and tags it: as asked, else `<version>-<date>`, which gets `.2`, `.3` and so on
 * where another image of the day has it. So a tag that was made by itself is never moved.
 *
 * @throws CliError that says which of Docker, its daemon, its disk, the base or a step was in the way
 */
export async function buildImage(
  request: ImageRequest,
  name: ImageName,
  output: Output,
): Promise<BuiltImage> {
  const host = await dockerHost();
  await requireBuildKit();
  if (request.base !== null) await requireArchitecture(request.base, host);
  const began = Date.now();
  const id = await build(request, host, output);
  const took = Date.now() - began;
  const reference = `${name.repository}:${await tagFor(request, name, id)}`;
  const tagged = await docker(["tag", id, reference]);
  const facts = await imageFacts(reference);
  if (!tagged.ok || !facts) {
    throw new CliError(
      "image-tag",
      `The image ${id} was built and can't be tagged ${reference}. Docker says: ${tagged.stderr.trim()}`,
    );
  }
  return { ...facts, reference, repository: name.repository, took };
}

/** A base that is there already and isn't of the host's architecture fails in its first step, in words that tell nobody why. */
async function requireArchitecture(base: string, host: DockerHost): Promise<void> {
  const facts = await imageFacts(base);
  const asked = process.env.DOCKER_DEFAULT_PLATFORM?.split("/")[1];
  const wanted = asked ?? host.architecture;
  if (!facts || facts.architecture === wanted) return;
  throw new CliError(
    "base-architecture",
    `The base image ${base} is for ${facts.architecture}, and ${asked ? "DOCKER_DEFAULT_PLATFORM asks for" : `the Docker host at ${host.address} is`} ${wanted}: name one for ${wanted} with --base.`,
  );
}

/** Runs the build and gives the image's id. Its log is kept only where a message names it. */
async function build(request: ImageRequest, host: DockerHost, output: Output): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "tollgate-image-"));
  const idFile = join(folder, "id");
  const logFile = join(folder, "build.log");
  const mask = maskOf(request.pipConf);
  let log = "";
  /** The end of what was said that is no whole line yet: a secret may go on in the next chunk. */
  let unfinished = "";
  const take = (text: string) => {
    const masked = mask(text);
    log += masked;
    if (output.verbose) output.raw(Buffer.from(masked));
    return masked;
  };
  try {
    const { code, timedOut } = await runChild(
      {
        command: "docker",
        args: buildArguments(request, idFile),
        cwd: request.serving,
        env: dockerEnvironment(),
        timeoutSeconds,
        what: "Building",
        onOutput: (chunk, progress) => {
          const said = unfinished + chunk.toString("utf8");
          const end = said.lastIndexOf("\n") + 1;
          unfinished = said.slice(end);
          const step = stepIn(take(said.slice(0, end)));
          if (step) progress.update(`Building: ${step}`);
        },
      },
      output,
    );
    take(unfinished);
    if (code === 0) return readFileSync(idFile, "utf8").trim();
    if (timedOut) log += `\nstopped after ${duration(timeoutSeconds * 1000)}\n`;
    const error = buildFailure({ said: log, daemon: host.address, base: request.base, logFile });
    if (error.message.includes(logFile)) writeFileSync(logFile, log);
    throw error;
  } finally {
    rmSync(idFile, { force: true });
    if (!existsSync(logFile)) rmSync(folder, { recursive: true });
  }
}

/** The last step that starts in some lines of BuildKit's, such as `[packages 4/5] RUN python3 …`. */
export function stepIn(text: string): string | null {
  const steps = [...text.matchAll(/^#\d+ (\[(?!internal)[^\]]+\] .+)$/gm)];
  const last = steps.at(-1)?.[1] ?? null;
  return last && last.length > 60 ? `${last.slice(0, 60)}…` : last;
}

async function tagFor(request: ImageRequest, name: ImageName, id: string): Promise<string> {
  if (name.tag !== null) return name.tag;
  const tag = defaultTag(request.model?.version ?? request.version, request.now);
  return freeTag(tag, id, async (each) => {
    return (await imageFacts(`${name.repository}:${each}`))?.id ?? null;
  });
}
