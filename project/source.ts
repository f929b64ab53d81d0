import { execFile } from "node:child_process";
import os from "node:os";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Which state of the project a release was made from, and by whom. */
export interface Source {
  /** Null outside of git. */
  readonly commit: string | null;
  /** Were there changes that were not committed? Null outside of git. */
  readonly dirty: boolean | null;
  readonly actor: string;
}

/** Who started a CI's job, by CI: GitHub, GitLab, Jenkins (two plugins), Buildkite, CircleCI, Azure Pipelines. */
const actorVariables = [
  "GITHUB_ACTOR",
  "GITLAB_USER_EMAIL",
  "BUILD_USER_EMAIL",
  "BUILD_USER_ID",
  "BUILDKITE_BUILD_CREATOR_EMAIL",
  "CIRCLE_USERNAME",
  "BUILD_REQUESTEDFOREMAIL",
];

/** Reads commit, local changes and actor. Without git the commit is null; there is always an actor. */
export async function readSource(
  projectDir: string,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<Source> {
  const [commit, changes, email] = await Promise.all([
    git(projectDir, "rev-parse", "HEAD"),
    git(projectDir, "status", "--porcelain"),
    git(projectDir, "config", "user.email"),
  ]);
  const fromCi = actorVariables.map((name) => environment[name]).find((value) => value);
  return {
    commit,
    dirty: commit === null || changes === null ? null : changes !== "",
    actor: fromCi ?? (email || loginName()),
  };
}

/** What git prints; null when it can't answer. */
async function git(directory: string, ...args: string[]): Promise<string | null> {
  try {
    const { stdout } = await run("git", ["-C", directory, ...args], { timeout: 10_000 });
    return stdout.trim();
  } catch {
    return null;
  }
}

/** A container may run under a number that has no name. */
function loginName(): string {
  try {
    return os.userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? "unknown"}`;
  }
}
