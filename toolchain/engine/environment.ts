import { randomBytes } from "node:crypto";
import { existsSync, linkSync, lstatSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { ignoreItself } from "../../project/git-ignore";
import { cacheDir } from "../cache";
import type { Engine } from "./engine";

/**
 * The environment in which the engine runs for a project folder. A user's own `PULUMI_HOME` and passphrase win;
 * otherwise the engine gets a home in our cache, so that a login is left alone, and a passphrase made once per
 * project, in a file that only the user can read. Throws one sentence when that can't be written.
 */
export function engineEnvironment(
  engine: Pick<Engine, "dir">,
  projectDir: string,
): Record<string, string> {
  const given = Object.fromEntries(
    Object.entries(process.env).filter(([, value]) => value !== undefined),
  );
  if (given["PULUMI_HOME"] === undefined) keepNoTrace(engineHome());
  return {
    PULUMI_HOME: engineHome(),
    PULUMI_SKIP_UPDATE_CHECK: "true",
    ...(given as Record<string, string>),
    PATH: [engine.dir, process.env["PATH"]].filter(Boolean).join(path.delimiter),
    ...passphrase(projectDir),
  };
}

/** Where the engine keeps its plugins and logins: the user's own `PULUMI_HOME`, or a folder in our cache. */
export function engineHome(): string {
  return process.env["PULUMI_HOME"] ?? path.join(cacheDir(), "pulumi");
}

/**
 * The engine writes a trace of all it does, up to 500 MB of them, into a folder of its home, which costs a preview 6 % of
 * its time (4.3 s beside 4.1 s). No setting turns that off; where it finds a file instead of the folder it goes on
 * without. What a run printed is kept by ourselves, below the stack's state folder.
 */
function keepNoTrace(home: string): void {
  const traces = path.join(home, "logs");
  try {
    if (lstatSync(traces, { throwIfNoEntry: false })?.isFile()) return;
    rmSync(traces, { recursive: true, force: true });
    mkdirSync(home, { recursive: true });
    writeFileSync(traces, "Tollgate keeps no traces of the engine.\n");
  } catch {
    // It is for speed alone.
  }
}

function passphrase(projectDir: string): Record<string, string> {
  const given = ["PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"];
  if (given.some((name) => process.env[name] !== undefined)) return {};
  const file = path.join(path.resolve(projectDir), ".tollgate", "passphrase");
  try {
    ignoreItself(path.dirname(file));
    if (!existsSync(file)) writeOnce(file, randomBytes(24).toString("base64url"));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Error(
      `The passphrase of this project's secrets can't be kept in ${file} (${code}): make its folder writable, free ` +
        "some space, or set PULUMI_CONFIG_PASSPHRASE_FILE to a file of your own.",
    );
  }
  return { PULUMI_CONFIG_PASSPHRASE_FILE: file };
}

/** Whole or not at all, and never twice: stacks are encrypted with what was written first. */
function writeOnce(file: string, content: string): void {
  const draft = `${file}.${process.pid}-${randomBytes(4).toString("hex")}`;
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(draft, content, { mode: 0o600 });
  try {
    linkSync(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}
