import { spawn, type ChildProcess, type SpawnOptions } from "node:child_process";

/** Milliseconds between asking a child to end and ending it. */
const GRACE = 5_000;

const running = new Set<ChildProcess>();

/** Starts a Node program and remembers it, so that it never outlives the host. */
export function startNode(args: readonly string[], options: SpawnOptions): ChildProcess {
  const child = spawn(process.execPath, args, options);
  running.add(child);
  child.on("close", () => running.delete(child));
  child.on("error", () => running.delete(child));
  return child;
}

/** Asks a child to end, and ends it after five seconds when it hasn't. */
export function stop(child: ChildProcess): void {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), GRACE);
  timer.unref();
  child.on("exit", () => clearTimeout(timer));
}

/** Ends the host when the engine dies or says so, with every child that is still there. */
export function endWithEngine(): void {
  const engine = process.ppid;
  const end = () => {
    if (running.size === 0) process.exit(0);
    for (const child of running) {
      child.on("close", () => running.size === 0 && process.exit(0));
      stop(child);
    }
    setTimeout(() => process.exit(0), GRACE + 500);
  };
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.once(signal, end);
  const watch = setInterval(() => {
    if (process.ppid === engine) return;
    clearInterval(watch);
    end();
  }, 500);
  watch.unref();
}

/** How a child ended, as the end of a sentence: `exit code 3` or `signal SIGKILL`. */
export function ending(code: number | null, signal: NodeJS.Signals | null): string {
  return signal ? `signal ${signal}` : `exit code ${code}`;
}
