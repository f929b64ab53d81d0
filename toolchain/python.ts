import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { cacheDir } from "./cache";
import { installed, installOnce, isDiskFull, remark } from "./install";
import { onPath, run } from "./processes";
import { withProgress, type Progress } from "./progress";
import { ensureUv } from "./uv";

/** A Python environment with exactly the locked packages. */
export interface PythonEnvironment {
  /** The environment's folder. */
  readonly dir: string;
  /** Its interpreter. */
  readonly python: string;
  /** Version of the interpreter, such as `3.11.7`. */
  readonly version: string;
}

/** A Python on this machine. */
export interface Interpreter {
  readonly command: string;
  readonly version: string;
}

interface Facts {
  readonly version: string;
  /** Is bytecode beside each source? */
  readonly compiled?: true;
}

/** The requirements of training and scoring that come with Tollgate. */
export const defaultRequirements = path.join(__dirname, "..", "serving", "requirements.lock");

const OLDEST = [3, 11] as const;
const NAMES = ["python3", "python3.13", "python3.12", "python3.11"];

/**
 * Folder of the environment for a file of locked requirements, whether it is there or not. Named by the file's
 * content, so that a changed lock is another environment and two projects with the same one share it.
 */
export function pythonEnvironmentDir(requirementsFile: string): string {
  const key = createHash("sha256").update(`${process.platform} ${process.arch}\n`);
  return path.join(
    cacheDir(),
    "python",
    key.update(readLock(requirementsFile)).digest("hex").slice(0, 16),
  );
}

/** The environment when it is there and its interpreter still exists. Starts no process. */
export function findPython(requirementsFile: string): PythonEnvironment | null {
  const dir = pythonEnvironmentDir(requirementsFile);
  const facts = installed<Facts>(dir);
  const python = path.join(dir, "bin", "python");
  // A link into an interpreter that was upgraded away dangles: the environment has to be made anew.
  return facts && existsSync(python) ? { dir, python, version: facts.version } : null;
}

/** The environment, made first when it isn't there. Throws one sentence when it can't be made. */
export async function ensurePython(
  requirementsFile: string,
  { progress }: { progress?: Progress } = {},
): Promise<PythonEnvironment> {
  const found = findPython(requirementsFile);
  if (found) {
    if (!installed<Facts>(found.dir)?.compiled) {
      const work = (report: Progress) => compile(found, report);
      await (progress ? work(progress) : withProgress(work));
    }
    return found;
  }
  const dir = pythonEnvironmentDir(requirementsFile);
  if (installed(dir)) rmSync(dir, { recursive: true, force: true });
  const make = (report: Progress) => makeEnvironment(dir, requirementsFile, report);
  const version = progress ? await make(progress) : await withProgress(make);
  return { dir, python: path.join(dir, "bin", "python"), version };
}

/** The first Python on PATH that is new enough. Throws one sentence that names what was found. */
export async function findInterpreter(searchPath?: string): Promise<Interpreter> {
  const tooOld: Interpreter[] = [];
  for (const command of NAMES.flatMap((name) => onPath(name, searchPath))) {
    const version = await versionOf(command);
    if (version && isNewEnough(version)) return { command, version };
    if (version) tooOld.push({ command, version });
  }
  const found = tooOld.map(({ command, version }) => `${command} is ${version}`).join(", ");
  throw new Error(
    `Tollgate needs Python ${OLDEST.join(".")} or newer on PATH, and ${found || "none was found"}: install a newer Python.`,
  );
}

/**
 * Puts bytecode beside the sources of an environment that was made without. It only makes starts quicker, so where it can't
 * be written, as in a cache of somebody else, the environment does as it is.
 */
async function compile({ dir, python, version }: PythonEnvironment, progress: Progress) {
  progress("Compiling the Python environment, once");
  const args = ["-m", "compileall", "-q", "-j", "0", path.join(dir, "lib")];
  // Packages bring sources for other Pythons, which don't compile: its exit code says nothing.
  await run(python, args).catch(() => null);
  try {
    remark<Facts>(dir, { version, compiled: true });
  } catch {
    // Tried again next time.
  }
}

async function makeEnvironment(target: string, lock: string, progress: Progress): Promise<string> {
  const interpreter = await findInterpreter();
  const uv = await ensureUv(interpreter.command, progress);
  const facts = await installOnce({
    what: "Python environment",
    target,
    progress,
    make: async (folder) => {
      const env = { ...process.env, VIRTUAL_ENV: "", UV_NO_PROGRESS: "1" };
      const step = (args: string[]) =>
        run(uv, args, {
          env,
          onLine: (line) => progress(`Installing Python packages: ${line.trim()}`),
        });
      progress("Installing Python packages");
      // Relocatable, as it is made beside its place and renamed into it.
      await step([
        "venv",
        "--relocatable",
        "--allow-existing",
        "--no-project",
        "--python",
        interpreter.command,
        folder,
      ]);
      await step([
        "pip",
        "sync",
        "--require-hashes",
        // Processes that write none, such as each scorer's sandbox, would compile all that they import at every start.
        "--compile-bytecode",
        "--python",
        path.join(folder, "bin", "python"),
        lock,
      ]).catch((error: Error) => {
        if (isDiskFull(error)) throw error;
        throw new Error(
          `The packages of ${lock} could not be installed (${error.message}): check the network, then run the command again.`,
        );
      });
      return { version: interpreter.version, compiled: true } satisfies Facts;
    },
  });
  return facts.version;
}

function readLock(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch {
    throw new Error(
      `The file of locked Python requirements ${file} can't be read: it has to exist, made by \`tollgate lock\`.`,
    );
  }
}

async function versionOf(command: string): Promise<string | null> {
  const code = "import platform; print(platform.python_version())";
  return run(command, ["-c", code], { timeoutMs: 10_000 }).then(
    (printed) => printed.trim(),
    () => null,
  );
}

function isNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
}
