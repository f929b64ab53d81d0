import { spawn } from "node:child_process";
import { CliError, exitCodes } from "./errors";
import type { Output, Progress } from "./terminal/output";
import { forwardSignals } from "./signals";

export interface ChildRequest {
  command: string;
  args: readonly string[];
  cwd: string;
  env: NodeJS.ProcessEnv;
  /** Longest time it may take; it is stopped after that. */
  timeoutSeconds: number;
  /** What is being done, for the progress line, such as `Training`. */
  what: string;
  /** Shows stdout as well as stderr. @default true */
  showStdout?: boolean;
  /** Gets what it writes, on stdout and stderr, which is shown otherwise; may say on the progress line what is going on. */
  onOutput?(chunk: Buffer, progress: Progress): void;
}

export interface ChildResult {
  /** Null when a signal ended it. */
  code: number | null;
  signal: NodeJS.Signals | null;
  /** All of stdout. */
  stdout: string;
  /** The last line it wrote, on stdout or stderr; empty when there was none. */
  lastLine: string;
  /** The end of what it wrote, at most 16 kB. */
  tail: string;
  timedOut: boolean;
}

/**
 * Runs a child in a process group of its own and shows what it writes on stderr as it comes: our stdout is for
 * results. Ctrl-C reaches the whole group, and then throws with exit code 130.
 */
export async function runChild(request: ChildRequest, output: Output): Promise<ChildResult> {
  const { command, args, cwd, env, what } = request;
  const progress = output.progress(what);
  const child = spawn(command, args, {
    cwd,
    env,
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  const group = {
    pid: child.pid,
    kill: (signal: NodeJS.Signals) => signalGroup(child.pid, signal),
  };
  const forwarding = forwardSignals(group, (asked) =>
    output.note(asked < 3 ? "Stopping." : "Killed it.", "yellow"),
  );
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    signalGroup(child.pid, "SIGTERM");
    setTimeout(() => signalGroup(child.pid, "SIGKILL"), 5000).unref();
  }, request.timeoutSeconds * 1000);
  const stdout: Buffer[] = [];
  let tail = "";
  const shown = (chunk: Buffer) => {
    if (request.onOutput) request.onOutput(chunk, progress);
    // After Ctrl-C it only tells how it died, at length.
    else if (forwarding.asked === 0) output.raw(chunk);
    tail = (tail + chunk.toString("utf8")).slice(-16_384);
  };
  child.stdout.on("data", (chunk: Buffer) => {
    stdout.push(chunk);
    if (request.showStdout ?? true) shown(chunk);
  });
  child.stderr.on("data", shown);
  try {
    const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>(
      (resolve, reject) => {
        child.on("error", reject);
        child.on("close", (status, by) => resolve([status, by]));
      },
    );
    if (forwarding.asked > 0) {
      throw new CliError("interrupted", `${what} was interrupted.`, exitCodes.interrupted);
    }
    const lines = tail.split("\n").map((line) => line.trim());
    const lastLine = lines.filter((line) => line !== "").at(-1) ?? "";
    const all = Buffer.concat(stdout).toString("utf8");
    return { code, signal, stdout: all, lastLine, tail, timedOut };
  } finally {
    clearTimeout(timer);
    forwarding.release();
    progress.end();
  }
}

function signalGroup(pid: number | undefined, signal: NodeJS.Signals): boolean {
  if (pid === undefined) return false;
  try {
    return process.kill(-pid, signal);
  } catch {
    return false; // It has ended.
  }
}

/** How a child ended, in words: `exit code 3`, `signal SIGKILL`. */
export function endOf({ code, signal }: Pick<ChildResult, "code" | "signal">): string {
  return signal ? `signal ${signal}` : `exit code ${code}`;
}
