import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";

/** Repository root: this file is bundled, so it is found from the launcher that is running. */
export const root = path.resolve(path.dirname(process.argv[1] ?? "."), "..");

/** The demonstration's own project folder: git-ignored, with a git history of its own. */
export const folder = path.join(root, ".demo", "churn");

/** Who trains in the story. The approvers are other people: an author cannot approve. */
export const author = { name: "Mira Author", email: "mira@example.com" };

/** Everybody's private key, outside of the project: Mira's signs evidence, the others' sign approvals. */
export const key = (who: "mira" | "ana" | "ben") => path.join(root, ".demo", "keys", who);

/** Copies the example and commits it, so that lineage has a clean commit to name. Keeps what is there. */
export function ensureWorkspace(): void {
  if (fs.existsSync(path.join(folder, ".git"))) return;
  fs.rmSync(folder, { recursive: true, force: true });
  fs.cpSync(path.join(root, "examples", "churn"), folder, {
    recursive: true,
    filter: (source) => ![".tollgate", ".pulumi", "approvals"].includes(path.basename(source)),
  });
  fs.writeFileSync(path.join(folder, ".gitignore"), ".tollgate/\n.pulumi/\n__pycache__/\n");
  git("init", "--quiet", "--initial-branch=main");
  git("config", "user.name", author.name);
  git("config", "user.email", author.email);
  commit("The churn exercise, with logistic regression");
}

/** Commits everything in the workspace; nothing to commit is fine. */
export function commit(message: string): void {
  git("add", "--all");
  if (git("status", "--porcelain").trim() !== "") git("commit", "--quiet", "--message", message);
}

/** Rewrites one file of the workspace. */
export function edit(file: string, change: (text: string) => string): void {
  const target = path.join(folder, file);
  fs.writeFileSync(target, change(fs.readFileSync(target, "utf8")));
}

function git(...args: string[]): string {
  return execFileSync("git", ["-C", folder, "-c", "commit.gpgsign=false", ...args], {
    encoding: "utf8",
  });
}
