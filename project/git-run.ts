import { execFile } from "node:child_process";
import { existsSync, realpathSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** What git could not do or tell, as a clause without a full stop. */
export class GitError extends Error {
  override readonly name = "GitError";
}

/** The repository that a folder lies in. */
export interface Repository {
  /** What holds its objects and refs: its `.git`, a folder or a file that names one. */
  readonly gitDir: string;
  /** The folder's path below the top of the repository, with forward slashes; empty at the top. */
  readonly prefix: string;
  /** Its top folder, absolute, links resolved. */
  readonly top: string;
}

/**
 * Finds the repository of a folder by its place on disk. Git's own search would follow the environment, and its
 * `core.worktree` could make the folder look like another one of the same repository.
 *
 * @returns null outside of a repository, or when the folder isn't there
 */
export function repositoryOf(folder: string): Repository | null {
  if (!existsSync(folder)) return null;
  const from = realpathSync(folder);
  for (let top = from; ; top = path.dirname(top)) {
    const gitDir = path.join(top, ".git");
    if (existsSync(gitDir)) return { gitDir, top, prefix: slashed(path.relative(top, from)) };
    if (path.dirname(top) === top) return null;
  }
}

/** A path as git writes it. */
export function slashed(file: string): string {
  return file.split(path.sep).join("/");
}

/**
 * The environment that git is run in: nothing of the caller's but where programs are, so that no `GIT_*` variable and no
 * configuration of the user or the machine changes what is read. Replaced objects and grafts count for nothing, and
 * nothing is fetched.
 */
export function gitEnvironment(): NodeJS.ProcessEnv {
  return {
    PATH: process.env["PATH"],
    TMPDIR: os.tmpdir(),
    LC_ALL: "C",
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: os.devNull,
    GIT_NO_REPLACE_OBJECTS: "1",
    GIT_GRAFT_FILE: os.devNull,
    GIT_LITERAL_PATHSPECS: "1",
    GIT_NO_LAZY_FETCH: "1",
    // Older versions of git don't know the line above: none of the ways to fetch has this name.
    GIT_ALLOW_PROTOCOL: "none",
    GIT_OPTIONAL_LOCKS: "0",
    GIT_TERMINAL_PROMPT: "0",
  };
}

/** What comes before every command of git here: the repository by name, and none of its own settings that run a program. */
export function gitArguments({ gitDir, top }: Repository): string[] {
  const settings = [
    "core.commitGraph=false",
    "core.fsmonitor=false",
    `core.hooksPath=${os.devNull}`,
    "log.showSignature=false",
  ];
  return [
    `--git-dir=${gitDir}`,
    `--work-tree=${top}`,
    "--no-pager",
    "--no-replace-objects",
    ...settings.flatMap((setting) => ["-c", setting]),
  ];
}

/** Longest time that one command of git, or one answer of a longer one, may take, in milliseconds. */
export const gitTimeout = 10_000;

/**
 * What a command of git prints, one that reads objects and nothing else; null when it says no (exit code 1).
 *
 * @throws GitError when git isn't there, fails or takes longer than 10 s
 */
export async function gitSays(repository: Repository, ...args: string[]): Promise<string | null> {
  try {
    const { stdout } = await run("git", [...gitArguments(repository), ...args], {
      cwd: repository.top,
      env: gitEnvironment(),
      timeout: gitTimeout,
      maxBuffer: 16 * 1024 * 1024,
    });
    return stdout.trim();
  } catch (error) {
    const {
      code,
      stderr = "",
      killed,
    } = error as Error & {
      code?: number | string;
      stderr?: string;
      killed?: boolean;
    };
    if (code === 1) return null;
    if (code === "ENOENT") throw new GitError("git isn't installed");
    if (killed) throw new GitError(`git didn't answer within ${gitTimeout / 1000} s`);
    throw new GitError(`git failed (${firstLine(stderr) || String(code)})`);
  }
}

/** The first line of what git complains of, without its prefix. Its hints, such as one about grafts, are no complaint. */
export function firstLine(text: string): string {
  return (text.split("\n").find((line) => line.trim() !== "" && !line.startsWith("hint:")) ?? "")
    .replace(/^(fatal|error|warning): /, "")
    .trim();
}
