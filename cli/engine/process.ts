import { spawn, spawnSync } from "node:child_process";
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from "node:fs";
import { join } from "node:path";
import { CliError } from "../errors";
import type { Output } from "../terminal/output";
import { forwardSignals } from "../signals";
import { Follower } from "./follow";

/** One run of the engine's program, with all it said. */
export interface EngineRun {
  code: number;
  /** What killed it, if something did. */
  signal: NodeJS.Signals | null;
  /** Were we asked to stop while it ran? */
  interrupted: boolean;
  /** Everything it printed. */
  printed: string;
}

export interface EngineCommand {
  binary: string;
  environment: NodeJS.ProcessEnv;
  projectDir: string;
  /** Where the log of the last run of each verb is kept. */
  logDir: string;
  verb: string;
  args: readonly string[];
}

/**
 * Runs the engine and hands each line of its event log on as it is written. What it prints goes to a file, which is
 * `last-<verb>.log` afterwards: with no pipe between us, our own sudden end can't break it in the middle of a change.
 */
export async function spawnEngine(
  command: EngineCommand,
  output: Output,
  event: (line: string) => void,
): Promise<EngineRun> {
  const { logDir, verb, projectDir } = command;
  mkdirSync(logDir, { recursive: true });
  removeLeftovers(logDir);
  const events = join(logDir, `${verb}-${process.pid}.events`);
  const log = join(logDir, `${verb}-${process.pid}.log`);
  rmSync(events, { force: true });
  const descriptor = openSync(log, "w");
  const followers: Follower[] = [];
  try {
    const child = spawn(command.binary, [...command.args, "--event-log", events], {
      cwd: projectDir,
      // The event log is one of the engine's debugging commands.
      env: { ...command.environment, PWD: projectDir, PULUMI_DEBUG_COMMANDS: "true" },
      stdio: ["ignore", descriptor, descriptor],
      detached: true,
    });
    const forwarding = forwardSignals(child, (asked) => output.note(stopping(asked), "yellow"));
    followers.push(new Follower(events, event));
    if (output.verbose) followers.push(new Follower(log, (line) => output.note(line, "dim")));
    try {
      const [code, signal] = await new Promise<[number, NodeJS.Signals | null]>(
        (resolve, reject) => {
          child.on("error", reject);
          child.on("close", (status, by) => resolve([status ?? 1, by]));
        },
      );
      for (const follower of followers) follower.end();
      return {
        code,
        signal,
        interrupted: forwarding.asked > 0,
        printed: readFileSync(log, "utf8"),
      };
    } finally {
      forwarding.release();
    }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== "ENOENT" && code !== "EACCES") throw error;
    throw new CliError(
      "engine",
      `The Pulumi engine at ${command.binary} can't be run (${message}): run \`tollgate doctor\`.`,
    );
  } finally {
    for (const follower of followers) follower.end();
    closeSync(descriptor);
    rmSync(events, { force: true });
    renameSync(log, join(logDir, `last-${verb}.log`));
  }
}

/** The command that started an engine as above, from the engine's command line; null when it was started otherwise. */
export function starterOf(commandLine: string): number | null {
  const pid = /[a-z]+-(\d+)\.events$/.exec(commandLine.trimEnd())?.[1];
  return pid === undefined ? null : Number(pid);
}

/** Files of runs whose own process was killed before it could put them away. */
function removeLeftovers(logDir: string): void {
  for (const file of readdirSync(logDir)) {
    const pid = /^[a-z]+-(\d+)\.(log|events)$/.exec(file)?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) rmSync(join(logDir, file), { force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function stopping(asked: number): string {
  if (asked === 1)
    return "Stopping after what is under way. Ctrl-C again stops at once; the next `up` goes on from there.";
  if (asked === 2) return "Stopping at once.";
  return "Killed the engine.";
}

/** A short engine command whose output is read at once. Throws with what it printed when it fails. */
export function engineCommand(
  { binary, environment, projectDir }: Omit<EngineCommand, "verb" | "args" | "logDir">,
  args: readonly string[],
): string {
  const { status, stdout, stderr, error } = spawnSync(binary, [...args, "--non-interactive"], {
    cwd: projectDir,
    // The engine believes the shell's name for its folder, which may be a link.
    env: { ...environment, PWD: projectDir },
    encoding: "utf8",
    maxBuffer: 512 * 1024 * 1024,
  });
  if (error) throw error;
  if (status === 0) return stdout;
  throw new CliError("engine", `\`pulumi ${args.join(" ")}\` failed: ${stderr.trim()}`);
}
