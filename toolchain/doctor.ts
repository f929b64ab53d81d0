import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { statfs } from "node:fs/promises";
import path from "node:path";
import { cacheDir, nearestExisting } from "./cache";
import { ok, type Part, wrong } from "./doctor-part";
import { findEngine, type Engine } from "./engine";
import { HOST_NAME } from "./engine/host";
import { askVersion, engineOnPath } from "./engine/path";
import { onPath, run } from "./processes";
import { defaultRequirements, findInterpreter, findPython } from "./python";
import { nodeProblem, outdatedPackage } from "./requirements.cjs";
import { sandboxPart } from "./sandbox";
import { findUv } from "./uv";

export type { Part } from "./doctor-part";

const root = path.join(__dirname, "..");
const FIX = `node ${path.relative(process.cwd(), path.join(root, "toolchain", "tollgate.cjs"))} doctor --fix`;
const GIGABYTE = 1024 ** 3;
/** Room that an engine's build and a Python environment take, and what is enough once both are there. */
const ROOM = { toInstall: 4, installed: 1 };

/** Looks at everything Tollgate needs. Makes nothing, asks no network, and takes about a second. */
export async function diagnose(requirementsFile = defaultRequirements): Promise<Part[]> {
  const engine = await findEngine().catch(() => null);
  const [gitPart, ...found] = await Promise.all([
    git(),
    enginePart(engine),
    hostPart(engine),
    python(),
    uv(requirementsFile),
    environment(requirementsFile),
    sandboxPart(requirementsFile),
  ]);
  const parts = [node(), packages(), gitPart, ...found, ...(engine ? [] : [go()])];
  return [...parts, await disk(parts.every(({ status }) => status === "ok"))];
}

function node(): Part {
  const problem = nodeProblem(process.version);
  if (!problem) return ok("node", process.version.slice(1), process.execPath);
  return { ...wrong("node", "too-old", problem, null), version: process.version.slice(1) };
}

function packages(): Part {
  const outdated = outdatedPackage(root);
  if (!outdated) return ok("npm packages", null, path.join(root, "node_modules"));
  const status = existsSync(path.join(root, outdated)) ? "too-old" : "missing";
  return wrong(
    "npm packages",
    status,
    `${outdated} is not as package-lock.json wants it`,
    "npm ci",
  );
}

async function git(): Promise<Part> {
  const [command] = onPath("git");
  const version = command && (await run(command, ["--version"]).catch(() => ""));
  if (version) return ok("git", version.replace(/^git version /, "").trim(), command);
  return wrong(
    "git",
    command ? "broken" : "missing",
    command ?? "not on PATH",
    packageCommand("git"),
  );
}

async function enginePart(engine: Engine | null): Promise<Part> {
  const names = { path: "on PATH", vendor: "from the vendor", build: "built here" };
  const part = "engine";
  if (!engine) {
    const { problem } = await engineOnPath(null).catch((error: Error) => ({
      problem: error.message,
    }));
    const status = problem?.includes("version is") ? "too-old" : "missing";
    return wrong(part, status, problem ?? "neither on PATH nor in the cache", FIX);
  }
  const where = `${engine.binary} (${names[engine.source]})`;
  const version = await askVersion(engine.binary);
  return version ? ok(part, version, where) : wrong(part, "broken", where, again(engine.dir));
}

async function hostPart(engine: Engine | null): Promise<Part> {
  const part = "language host";
  if (!engine) return wrong(part, "missing", "comes with the engine", FIX);
  const [host] = onPath(HOST_NAME, [engine.dir, process.env["PATH"]].join(path.delimiter));
  if (!host) return wrong(part, "missing", `not in ${engine.dir}`, FIX);
  return (await listens(host)) ? ok(part, null, host) : wrong(part, "broken", host, FIX);
}

/** Starts the host as the engine does: a sound one tells its port. */
function listens(host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(host, ["127.0.0.1:1"], {
      stdio: ["ignore", "pipe", "ignore"],
      timeout: 5_000,
    });
    child.stdout.once("data", (data: Buffer) => {
      resolve(/^\d+/.test(String(data)));
      child.kill();
    });
    child.on("error", () => resolve(false));
    child.on("close", () => resolve(false));
  });
}

async function python(): Promise<Part> {
  try {
    const { command, version } = await findInterpreter();
    return ok("python", version, command);
  } catch (error) {
    const old = onPath("python3").length > 0;
    return wrong(
      "python",
      old ? "too-old" : "missing",
      (error as Error).message,
      packageCommand("python3"),
    );
  }
}

async function uv(requirementsFile: string): Promise<Part> {
  const command = findUv();
  if (!command && existsSync(requirementsFile) && findPython(requirementsFile)) {
    return ok("uv", null, "fetched when the Python packages change");
  }
  if (!command) return wrong("uv", "missing", "neither on PATH nor in the cache", FIX);
  const printed = await run(command, ["--version"]).catch(() => "");
  const version = /\d+\.\d+\.\d+/.exec(printed)?.[0];
  return version ? ok("uv", version, command) : wrong("uv", "broken", command, null);
}

async function environment(requirementsFile: string): Promise<Part> {
  const part = "python environment";
  try {
    const found = findPython(requirementsFile);
    if (!found) return wrong(part, "missing", `for ${requirementsFile}`, FIX);
    const works = await run(found.python, ["-c", "print(1)"]).catch(() => "");
    return works
      ? ok(part, found.version, found.dir)
      : wrong(part, "broken", found.dir, again(found.dir));
  } catch (error) {
    return wrong(part, "missing", (error as Error).message, null);
  }
}

/** Only asked for when there is no engine, and then only needed when the vendor can't be reached. */
function go(): Part {
  const [command] = onPath("go");
  if (command) return ok("go", null, command);
  return wrong(
    "go",
    "missing",
    "needed when the engine can't be downloaded",
    packageCommand("golang", "go"),
  );
}

async function disk(complete: boolean): Promise<Part> {
  const folder = nearestExisting(cacheDir());
  const { bavail, bsize } = await statfs(folder);
  const free = (bavail * bsize) / GIGABYTE;
  const version = `${free.toFixed(1)} GB free`;
  const wanted = complete ? ROOM.installed : ROOM.toInstall;
  if (free >= wanted) return ok("disk", version, folder);
  return { ...wrong("disk", "missing", `${folder} needs ${wanted} GB free`, null), version };
}

function again(folder: string): string {
  return `rm -rf ${folder} && ${FIX}`;
}

function packageCommand(debian: string, homebrew = debian): string {
  return process.platform === "darwin"
    ? `brew install ${homebrew}`
    : `sudo apt-get install ${debian}`;
}
