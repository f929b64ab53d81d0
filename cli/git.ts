import { spawnSync } from "node:child_process";
import { relative } from "node:path";
import { CliError } from "./errors";

/** What git knows about a project folder. */
export interface GitFacts {
  /** Full hash of the commit that is checked out; null outside a repository or before the first commit. */
  commit: string | null;
  /** Are there changes that aren't committed, in what training could use? Null without a commit. */
  dirty: boolean | null;
  /** Files with such changes, from the top of the repository; a folder that is new as a whole ends with `/`. */
  changed: readonly string[];
  /** `user.email`, or else the author of the commit (as on CI); null when neither is known. */
  author: string | null;
}

/**
 * What training doesn't depend on. A pin, an approval, a waiver or a setting moves after the training that it is about; the
 * parameters that were used are recorded with the version.
 */
const notCode = [
  ":(exclude,glob)**/.tollgate/**",
  ":(exclude,glob)**/.pulumi/**",
  ":(exclude,glob)Pulumi*.y*ml",
  ":(exclude)approvals",
  ":(exclude)waivers",
  ":(exclude)signers",
];

/** Commit, dirty flag and author, for the lineage of what is trained in this folder. */
export function gitFacts(folder: string): GitFacts {
  const commit = git(folder, ["rev-parse", "HEAD"]);
  const changed = commit === null ? null : uncommitted(folder);
  return {
    commit,
    dirty: changed === null ? null : changed.length > 0,
    changed: changed ?? [],
    author: gitEmail(folder) ?? git(folder, ["log", "-1", "--format=%ae"]) ?? null,
  };
}

/**
 * The commit that a part of a folder is of, with `-dirty` where something in the part isn't committed; null where git knows
 * nothing of the part, as of a package that was installed into somebody's repository.
 */
export function commitOf(folder: string, part: string): string | null {
  if (!git(folder, ["ls-files", "--", part])) return null;
  const commit = git(folder, ["rev-parse", "HEAD"]);
  return commit && `${commit}${git(folder, ["status", "--porcelain", "--", part]) ? "-dirty" : ""}`;
}

/** git's `user.email` in this folder, or null. */
export function gitEmail(folder: string): string | null {
  return gitConfig(folder, "user.email");
}

/** A value of git's configuration in this folder, or null. */
export function gitConfig(folder: string, key: string): string | null {
  return git(folder, ["config", key]) || null;
}

/**
 * Refuses when the folder's code isn't that of a commit: pins, approvals and settings may differ, code may not.
 *
 * @throws CliError that names the command to check it out
 */
export function requireCodeOf(folder: string, commit: string): void {
  const back = `check it out with \`git checkout ${commit.slice(0, 12)}\``;
  if (git(folder, ["cat-file", "-e", `${commit}^{commit}`]) === null) {
    throw new CliError(
      "commit-missing",
      `Commit ${commit.slice(0, 12)}, which the version was trained from, is not in this repository: fetch it with \`git fetch --all\`.`,
    );
  }
  const changed = git(folder, ["diff", "--name-only", commit, "HEAD", "--", ".", ...notCode]);
  if (changed) {
    throw new CliError(
      "other-code",
      `The code here isn't that of commit ${commit.slice(0, 12)}, which the version was trained from (changed: ${someOf(changed.split("\n"))}): ${back}.`,
    );
  }
  const dirty = uncommitted(folder) ?? [];
  if (dirty.length > 0) {
    throw new CliError(
      "uncommitted",
      `There are changes that aren't committed (${someOf(dirty)}): commit or stash them, and ${back}.`,
    );
  }
}

/**
 * What commits the pin that was just written, as a line of its own; none where git has no repository or sees no change.
 *
 * @param file the stack's file
 */
export function commitLines(
  { projectDir, stack }: { projectDir: string; stack: string },
  file: string,
  version: string,
): string[] {
  if (!git(projectDir, ["status", "--porcelain", "--", file])) return [];
  const name = relative(projectDir, file);
  return [
    `Commit the pin: git add ${name} && git commit -m "Serve version ${version} in ${stack}"`,
  ];
}

/** The first of some files, and how many more there are. */
export function someOf([first = "", ...more]: readonly string[]): string {
  return more.length > 0 ? `${first} and ${more.length} more` : first;
}

/** Files whose changes aren't committed, in what training could use; null where git can't tell. */
function uncommitted(folder: string): string[] | null {
  const found = git(folder, ["status", "--porcelain", "--", ".", ...notCode]);
  if (found === null) return null;
  return found === "" ? [] : found.split("\n").map((line) => line.slice(3));
}

/** stdout of git without its trailing newline, or null when git isn't there or says no. */
export function git(folder: string, args: readonly string[]): string | null {
  const { status, stdout } = spawnSync("git", args, { cwd: folder, encoding: "utf8" });
  return status === 0 ? stdout.trimEnd() : null;
}
