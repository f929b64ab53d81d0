import { CliError } from "../errors";
import { hasRegistry } from "./names";

/** What Docker was to do when it failed. */
export interface Failed {
  /** All that it said. */
  readonly said: string;
  /** The daemon that was asked, such as `unix:///var/run/docker.sock`. */
  readonly daemon: string;
}

interface Kind {
  readonly code: string;
  readonly seen: RegExp;
  readonly sentence: (failed: Failed) => string;
}

/** Why Docker's daemon can't be used; null when the failure is another. */
export function daemonFailure(failed: Failed): CliError | null {
  return first(daemonKinds, failed);
}

const daemonKinds: readonly Kind[] = [
  {
    code: "docker-rights",
    seen: /permission denied while trying to connect|dial unix .*: permission denied/i,
    sentence: ({ daemon }) =>
      `You may not use Docker at ${daemon}: have yourself added to the group that its socket belongs to (usually \`sudo usermod -aG docker $USER\`, then log in again), or name a daemon that is yours with DOCKER_HOST or \`docker context use\`.`,
  },
  {
    code: "docker-context",
    seen: /context ".*" (?:is not found|does not exist|not found)|unable to (?:resolve docker endpoint|parse docker host)|invalid bind address/i,
    sentence: ({ said }) =>
      `Docker doesn't know where its daemon is: correct DOCKER_HOST or choose one of \`docker context ls\`. It says: ${lastLine(said)}`,
  },
  {
    code: "docker-away",
    seen: /cannot connect to the docker daemon|error during connect|is the docker daemon running|failed to connect to the docker API|context deadline exceeded|^timed out$|\bEOF$/im,
    sentence: ({ said, daemon }) =>
      `Docker's daemon at ${daemon} doesn't answer: start it, or correct DOCKER_HOST or the context (\`docker context ls\`). It says: ${lastLine(said)}`,
  },
];

/** What a build is about, for its messages. */
export interface FailedBuild extends Failed {
  /** The image that the build stands on; null for the Dockerfile's own. */
  readonly base: string | null;
  /** Where all of `said` is kept. */
  readonly logFile: string;
}

/** Lines of the failed step that are shown. */
const shownLines = 12;

/** Why a build failed, in one sentence; for a step that failed, with the end of what it said. */
export function buildFailure(failed: FailedBuild): CliError {
  const { said, base, logFile } = failed;
  const [step, lines] = failedStep(said);
  // Within a step it is a registry or an index that doesn't answer, not the daemon.
  const known = first(buildKinds, failed) ?? (step ? null : daemonFailure(failed));
  if (known) return known;
  const missing = /^\[[^\]]*internal\] load metadata for (\S+)/.exec(step ?? "")?.[1];
  if (missing) {
    return new CliError(
      "base-image",
      `The base image ${base ?? missing} is neither on the Docker host nor to be had from its registry: correct --base, or \`docker login\` and \`docker pull\` it. Docker says: ${lastLine(lines.join("\n"))}`,
    );
  }
  const what = step ? `failed in the step ${step}` : "failed";
  const shown = (step ? lines : said.trimEnd().split("\n")).slice(-shownLines).join("\n");
  return new CliError("image-build", `The build ${what}; all it said is in ${logFile}:\n${shown}`);
}

const buildKinds: readonly Kind[] = [
  {
    code: "no-buildkit",
    seen: /buildx component is missing|'buildx' is not a docker command|requires BuildKit|unknown flag: --(?:secret|progress)/i,
    sentence: noBuildKit,
  },
  {
    code: "docker-disk-full",
    seen: /no space left on device|disk quota exceeded/i,
    sentence: ({ daemon }) =>
      `The disk of the Docker host at ${daemon} is full: see \`docker system df\`, free some with \`docker builder prune\` or \`docker image prune\`, and run this again.`,
  },
  {
    code: "base-architecture",
    seen: /exec format error|no match for platform in manifest/i,
    sentence: (failed) =>
      `The base image ${(failed as FailedBuild).base ?? "of the Dockerfile"} isn't of an architecture that the Docker host can run: name one with --base that is (or set DOCKER_DEFAULT_PLATFORM to the base's).`,
  },
];

/** BuildKit is built with, for its secrets. */
export function noBuildKit(): string {
  return "Docker has no BuildKit here, which the build needs for its secrets: install the buildx plugin (Docker's package docker-buildx-plugin, Debian's docker-buildx), or take a Docker of version 20.10.";
}

/** Why a push failed, in one sentence. */
export function pushFailure(reference: string, failed: Failed): CliError {
  // Of Docker Hub, where no registry is named.
  const registry = hasRegistry(reference) ? ` ${reference.split("/")[0]}` : "";
  const kinds: readonly Kind[] = [
    {
      code: "no-image",
      seen: /does not exist locally|No such image|tag does not exist/i,
      sentence: ({ daemon }) =>
        `The Docker host at ${daemon} has no image ${reference}: \`docker image ls\` lists those it has, and \`tollgate image build --tag\` builds one under the name.`,
    },
    {
      code: "registry-rights",
      seen: /\bdenied\b|unauthorized|no basic auth credentials|authentication required|40[13] /i,
      sentence: ({ said }) =>
        `The registry doesn't let you push ${reference}: log in with \`docker login${registry}\` as somebody who may. It says: ${lastLine(said)}`,
    },
    {
      code: "tag-immutable",
      seen: /immutable|cannot be overwritten/i,
      sentence: () =>
        `The registry has an image under ${reference} already and lets no tag be moved: tag yours otherwise, such as \`docker tag ${reference} ${reference}.2\`, and push that.`,
    },
    {
      code: "registry-away",
      seen: /dial tcp|no such host|connection refused|i\/o timeout|gave HTTP response to HTTPS client|x509|tls:/i,
      sentence: ({ said }) =>
        `The registry of ${reference} can't be reached from the Docker host: correct the name, or what is between them. Docker says: ${lastLine(said)}`,
    },
  ];
  return (
    first(kinds, failed) ??
    daemonFailure(failed) ??
    new CliError(
      "image-push",
      `${reference} couldn't be pushed. Docker says: ${lastLine(failed.said)}`,
    )
  );
}

function first(kinds: readonly Kind[], failed: Failed): CliError | null {
  const kind = kinds.find(({ seen }) => seen.test(failed.said));
  return kind ? new CliError(kind.code, kind.sentence(failed)) : null;
}

/** The step that BuildKit names in `#5 ERROR: …`, as it is called, and what it said; both empty without one. */
function failedStep(said: string): [name: string | null, lines: string[]] {
  const lines = said.split("\n");
  const number = lines.map((line) => /^#(\d+) ERROR: /.exec(line)?.[1]).find(Boolean);
  if (number === undefined) return [null, []];
  const own = lines
    .filter((line) => line.startsWith(`#${number} `))
    .map((line) => line.slice(number.length + 2));
  const name = own.find((line) => line.startsWith("[")) ?? null;
  // Without the time that each line has in front.
  const texts = own
    .filter((line) => !line.startsWith("[") && !line.startsWith("sha256:"))
    .map((line) => line.replace(/^\d+\.\d+ /, ""));
  return [name, texts];
}

/** The last line that says something, without Docker's `ERROR: ` in front. */
function lastLine(said: string): string {
  const lines = said.split("\n").map((line) => line.trim());
  const last = lines.filter((line) => line !== "" && !line.startsWith("See 'docker")).at(-1);
  return (last ?? "nothing").replace(/^(?:ERROR|error): /, "");
}
