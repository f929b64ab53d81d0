import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  statSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { cacheDir } from "../cache";
import { installed, installOnce } from "../install";
import { onPath, run } from "../processes";
import type { Progress } from "../progress";
import { versionProblem, type Engine } from "./engine";
import { HOST_NAME, writeHost } from "./host";

/** What is known about an executable without running it again. */
interface Sighting {
  /** Path, size and time of the executable that said so. */
  readonly identity: string;
  readonly version: string;
}

/** What a look at PATH gave: an engine, or why there is none; neither when no `pulumi` is there at all. */
export interface PathResult {
  readonly engine: Engine | null;
  /** A clause such as `/usr/bin/pulumi can't be used: its version is 2.0.0, and …`. */
  readonly problem: string | null;
}

/**
 * Looks for a compatible `pulumi` on PATH. Its version is asked once and then remembered as long as the file is the
 * same. With `progress`, our language host is put beside a copy when the engine comes without one.
 */
export async function engineOnPath(
  progress: Progress | null,
  searchPath = process.env["PATH"] ?? "",
): Promise<PathResult> {
  const folders = withoutOurs(searchPath);
  const [binary] = onPath("pulumi", folders);
  if (!binary) return { engine: null, problem: null };
  const fail = (why: string) => ({ engine: null, problem: `${binary} can't be used: ${why}` });
  const version = await versionOf(binary);
  if (!version) return fail("it doesn't tell its version");
  const problem = versionProblem(version);
  if (problem) return fail(problem);
  if (hasHost(binary, folders)) {
    return {
      engine: { binary, version, source: "path", dir: path.dirname(binary) },
      problem: null,
    };
  }
  return { engine: await withOurHost(binary, version, progress), problem: null };
}

/** What we made comes first on the PATH of our own children: it isn't the user's. */
function withoutOurs(searchPath: string): string {
  const own = path.join(cacheDir(), "engine") + path.sep;
  const folders = searchPath.split(path.delimiter);
  return folders
    .filter((folder) => !path.join(folder, path.sep).startsWith(own))
    .join(path.delimiter);
}

/** The official host lies beside the real executable, as the engine itself looks for it, or on PATH. */
function hasHost(binary: string, searchPath: string): boolean {
  return (
    existsSync(path.join(path.dirname(realpathSync(binary)), HOST_NAME)) ||
    onPath(HOST_NAME, searchPath).length > 0
  );
}

/** A hard link or copy, as the engine looks beside its real executable, which a symbolic link doesn't move. */
async function withOurHost(
  binary: string,
  version: string,
  progress: Progress | null,
): Promise<Engine | null> {
  const target = path.join(cacheDir(), "engine", `${version}-path`);
  const identity = identityOf(binary);
  const engine: Engine = {
    binary: path.join(target, "pulumi"),
    version,
    source: "path",
    dir: target,
  };
  if (installed<Sighting>(target)?.identity === identity) return engine;
  if (!progress) return null;
  await installOnce<Sighting>({
    what: `language host for ${binary}`,
    target,
    progress,
    replaces: (facts) => facts.identity !== identity,
    make: async (folder) => {
      const copy = path.join(folder, "pulumi");
      try {
        linkSync(realpathSync(binary), copy);
      } catch {
        copyFileSync(binary, copy);
      }
      writeHost(folder);
      return { identity, version };
    },
  });
  return engine;
}

async function versionOf(binary: string): Promise<string | null> {
  const memory = path.join(cacheDir(), "engine", "path.json");
  const identity = identityOf(binary);
  try {
    const known = JSON.parse(readFileSync(memory, "utf8")) as Sighting;
    if (known.identity === identity) return known.version;
  } catch {
    // Never asked, or a file written in part: ask.
  }
  const version = await askVersion(binary);
  if (version) remember(memory, { identity, version });
  return version;
}

/** Asks an executable for its version; null when it doesn't answer like a Pulumi engine. */
export async function askVersion(binary: string): Promise<string | null> {
  const env = { ...process.env, PULUMI_SKIP_UPDATE_CHECK: "true" };
  const printed = await run(binary, ["version"], { env, timeoutMs: 10_000 }).catch(() => "");
  return /^v?(\d+\.\d+\.\d+)/.exec(printed.trim())?.[1] ?? null;
}

function remember(memory: string, sighting: Sighting): void {
  try {
    mkdirSync(path.dirname(memory), { recursive: true });
    writeFileSync(memory, JSON.stringify(sighting));
  } catch {
    // Only a memory: without it the engine is asked again.
  }
}

function identityOf(binary: string): string {
  const { size, mtimeMs } = statSync(binary);
  return `${realpathSync(binary)} ${size} ${mtimeMs}`;
}
