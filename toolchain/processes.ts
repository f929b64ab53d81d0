import { execFileSync, spawn } from "node:child_process";
import { accessSync, constants, readFileSync, statSync } from "node:fs";
import path from "node:path";

export interface RunOptions {
  readonly cwd?: string;
  /** The whole environment of the child. @default this process's own */
  readonly env?: NodeJS.ProcessEnv;
  /** Called with each line of output and of errors. */
  readonly onLine?: (line: string) => void;
  /** @default no limit */
  readonly timeoutMs?: number;
}

/** A program that didn't do its work. `output` is all it printed. */
export class RunError extends Error {
  constructor(
    message: string,
    readonly output: string,
  ) {
    super(message);
  }
}

/** Runs a program to its end and gives what it printed on stdout. Throws a `RunError` with the last line it said. */
export function run(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const { cwd, env, onLine, timeoutMs } = options;
  const name = path.basename(command);
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env,
      stdio: ["ignore", "pipe", "pipe"],
      timeout: timeoutMs,
    });
    const stopChild = () => void child.kill();
    process.once("exit", stopChild);
    let [stdout, all, rest] = ["", "", ""];
    const take = (data: Buffer) => {
      all += data;
      const lines = (rest + data).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) onLine?.(line);
    };
    child.stdout.on("data", (data: Buffer) => {
      stdout += data;
      take(data);
    });
    child.stderr.on("data", take);
    child.on("error", (error: NodeJS.ErrnoException) => {
      process.off("exit", stopChild);
      reject(new RunError(`\`${name}\` can't be run (${error.code ?? error.message})`, all));
    });
    child.on("close", (code, signal) => {
      process.off("exit", stopChild);
      if (code === 0) return resolve(stdout);
      const said = all.trim().split("\n").at(-1)?.trim();
      const how = signal ? `was ended by ${signal}` : `ended with exit code ${code}`;
      reject(new RunError(`\`${name} ${args[0] ?? ""}\` ${how}${said ? `: ${said}` : ""}`, all));
    });
  });
}

/** All executables of a name on PATH, in its order. */
export function onPath(name: string, searchPath = process.env["PATH"] ?? ""): string[] {
  return searchPath
    .split(path.delimiter)
    .filter(Boolean)
    .map((folder) => path.join(folder, name))
    .filter(isExecutable);
}

export function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/**
 * When a process started, in a unit of the platform's own, or null when there is no such process. With the pid it
 * names a process for ever, though pids are used again.
 */
export function startOf(pid: number): string | null {
  try {
    if (process.platform === "linux") {
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      return fields[0] === "Z" ? null : (fields[19] ?? null);
    }
    return (
      execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8" }).trim() || null
    );
  } catch {
    return null;
  }
}
