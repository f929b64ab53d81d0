import { spawn } from "node:child_process";
import path from "node:path";

export type Environment = Readonly<Record<string, string>>;

export interface CommandOptions {
  /** On top of this process's own. */
  readonly env?: Environment;
  /** Ends the command and all it started. */
  readonly signal?: AbortSignal;
  /** Gets what it prints on stdout, which is shown otherwise. */
  readonly onOutput?: (text: string) => void;
}

/** How long a command that was told to end may take to clean up. */
const patienceMs = 30_000;

/**
 * Runs a program to its end in a process group of its own, so that a terminal's Ctrl-C reaches it only through
 * `signal`: what puts the machine back as it was must not be ended with the rest.
 *
 * @returns its exit code
 * @throws Error when it can't be run, or was told to end
 */
export function command(
  file: string,
  arguments_: readonly string[],
  { env = {}, signal, onOutput }: CommandOptions = {},
): Promise<number> {
  const name = path.basename(file);
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(new Error("Interrupted."));
    const child = spawn(file, arguments_, {
      env: { ...process.env, ...env },
      stdio: ["ignore", onOutput ? "pipe" : "inherit", "inherit"],
      detached: true,
    });
    child.stdout?.on("data", (data: Buffer) => onOutput?.(data.toString()));
    let patience: NodeJS.Timeout | undefined;
    const end = () => {
      endGroup(child.pid, "SIGTERM");
      patience = setTimeout(() => endGroup(child.pid, "SIGKILL"), patienceMs);
    };
    signal?.addEventListener("abort", end, { once: true });
    child.on("error", (error: NodeJS.ErrnoException) => {
      reject(new Error(`\`${name}\` can't be run (${error.code ?? error.message}).`));
    });
    child.on("close", (code) => {
      clearTimeout(patience);
      signal?.removeEventListener("abort", end);
      if (signal?.aborted) reject(new Error("Interrupted."));
      else resolve(code ?? 1);
    });
  });
}

/** Like `command`, for what the rest can't do without. */
export async function mustRun(...[file, arguments_, options]: Parameters<typeof command>) {
  const code = await command(file, arguments_, options);
  if (code !== 0) throw new Error(`\`${path.basename(file)}\` ended with exit code ${code}.`);
}

function endGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, signal);
  } catch {
    // It has ended in this moment.
  }
}
