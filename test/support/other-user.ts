import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, symlinkSync } from "node:fs";
import path from "node:path";
import { cacheDir } from "../../toolchain/cache";
import { testPython } from "./mlflow";

const root = path.join(__dirname, "..", "..");

/** User and group who own nothing. */
export const nobody = 65534;

/** Are the tests run by somebody who can be somebody else? */
export const isRoot = process.geteuid?.() === 0;

/** What a command is run by, and in which variables, so that a user who owns nothing runs it. */
export interface OtherUser {
  readonly prefix: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/**
 * A user who owns nothing and may make no namespaces, though root runs the tests from folders that only root may enter: the
 * checkout, Node and Python are theirs to read.
 *
 * @param home folder that is theirs, where a cache of their own is made, as each `up` writes to it
 */
export async function otherUser(home: string): Promise<OtherUser> {
  const python = await testPython();
  const realpath = "import os, sys; print(os.path.realpath(sys.base_prefix))";
  const base = execFileSync(python, ["-c", realpath], { encoding: "utf8" }).trim();
  const needed = [root, cacheDir(), path.dirname(path.dirname(process.execPath)), base];
  const cache = cacheDir({ TOLLGATE_CACHE: path.join(home, "cache") });
  mkdirSync(cache, { recursive: true });
  cpSync(path.join(cacheDir(), "engine"), path.join(cache, "engine"), { recursive: true });
  symlinkSync(path.join(cacheDir(), "python"), path.join(cache, "python"));
  const script = path.join(__dirname, "as-nobody.sh");
  const serving = path.join(root, "serving");
  const closed = [python, path.join(serving, "tests", "closed_host.py"), "/usr/bin/env"];
  return {
    prefix: [
      ...["sh", script, ...needed, "--"],
      ...["env", `PYTHONPATH=${serving}`, ...closed, "--unset=PYTHONPATH"],
    ],
    env: { HOME: home, TOLLGATE_CACHE: path.dirname(cache) },
  };
}
