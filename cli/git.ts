import { spawnSync } from "node:child_process";
import { CliError } from "./errors";

/** What git knows about a project folder. */
export interface GitFacts {
  /** Full hash of the commit that is checked out; null outside a repository or before the first commit. */
  commit: string | null;
  /** Are there changes that aren't committed, in what training could use? Null without a commit. */
  dirty: boolean | null;
  /** `user.email`, or else the author of the commit (as on CI); null when neither is known. */
  author: string | null;
}

/**
 * What training doesn't depend on. A pin, an approval, a waiver or a setting moves after the training that it is about; the
 * parameters that were used are recorded with the version.
 */
const notCode = [
  ":(exclude,glob)**/.tollgate/**",
  ":(exclude,glob)Pulumi*.y*ml",
  ":(exclude)approvals",
  ":(exclude)waivers",
  ":(exclude)signers",
];

/** Commit, dirty flag and author, for the lineage of what is trained in this folder. */
export function gitFacts(folder: string): GitFacts {
  const commit = git(folder, ["rev-parse", "HEAD"]);
  const changes =
    commit === null ? null : git(folder, ["status", "--porcelain", "--", ".", ...notCode]);
  return {
    commit,
    dirty: changes === null ? null : changes !== "",
    author: gitEmail(folder) ?? git(folder, ["log", "-1", "--format=%ae"]) ?? null,
  };
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
    const [first = "", ...more] = changed.split("\n");
    const others = more.length > 0 ? ` and ${more.length} more` : "";
    throw new CliError(
      "other-code",
      `The code here isn't that of commit ${commit.slice(0, 12)}, which the version was trained from (changed: ${first}${others}): ${back}.`,
    );
  }
  const dirty = git(folder, ["status", "--porcelain", "--", ".", ...notCode]);
  if (dirty) {
    throw new CliError(
      "uncommitted",
      `There are changes that aren't committed (${dirty.split("\n")[0]?.slice(3)}): commit or stash them, and ${back}.`,
    );
  }
}

/** stdout without its trailing newline, or null when git isn't there or says no. */
function git(folder: string, args: readonly string[]): string | null {
  const { status, stdout } = spawnSync("git", args, { cwd: folder, encoding: "utf8" });
  return status === 0 ? stdout.trimEnd() : null;
}
