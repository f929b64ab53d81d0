import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { samePlace } from "./home";
import { readRecord, type RunningRecord, runFolder } from "./folder";
import { lifeOf } from "./inspect";
import { keptNames } from "./kept";

/** How the folder that a state speaks of and the one that a command works in came apart. */
export type Parting =
  /** The stack has another name now. Its folder has the old one. */
  | { readonly kind: "renamed"; readonly from: string }
  /** The folder was moved, or was given the stack's new name, and its servers still run as they were started. */
  | { readonly kind: "moved"; readonly from: string }
  /** Another folder has what the state speaks of: this one is a copy of it, or shares its state. */
  | { readonly kind: "elsewhere"; readonly from: string }
  /** Neither folder has it: it is on another machine, or was deleted. */
  | { readonly kind: "lost"; readonly from: string };

/**
 * What is wrong with the place that a command works in.
 *
 * @param recorded state folder that the stack's state speaks of
 * @param stateDir state folder of the command
 * @returns null when both are one, or when the folder was moved and none of its servers runs: then nothing can be lost
 */
export function partingOf(recorded: string, stateDir: string): Parting | null {
  if (!isStateFolder(recorded) || !isStateFolder(stateDir)) return null;
  if (samePlace(recorded, stateDir)) return null;
  const sibling = samePlace(dirname(recorded), dirname(stateDir));
  if (holdsStack(recorded)) return { kind: sibling ? "renamed" : "elsewhere", from: recorded };
  if (!holdsStack(stateDir)) return { kind: "lost", from: recorded };
  return livingIn(stateDir).length > 0 ? { kind: "moved", from: recorded } : null;
}

/**
 * A parting as one sentence: what is, and what to do.
 *
 * @param ownState is the state kept in the project folder? Then a copy has one of its own, which it may throw away.
 */
export function partingSentence(
  { kind, from }: Parting,
  stateDir: string,
  ownState: boolean,
): string {
  const stack = basename(stateDir);
  const project = projectOf(stateDir);
  const there = { stack: basename(from), project: projectOf(from) };
  switch (kind) {
    case "renamed":
      return (
        `Stack ${stack} was named ${there.stack} when its servers were started, and they, its data and its receipts are in .tollgate/${there.stack}: ` +
        `give it back its name (\`tollgate pulumi -- stack rename ${there.stack} --stack ${stack}\`), ` +
        `or give the folder the new one (\`mv .tollgate/${there.stack} .tollgate/${stack}\`, then \`tollgate stop --stack ${stack}\`), and run this again.`
      );
    case "moved": {
      const [now, before] = project === there.project ? [stateDir, from] : [project, there.project];
      return (
        `${now} was at ${before} when the servers of ${stack} were started, and they run on as they were: ` +
        `end them with \`tollgate stop --stack ${stack}\` and run this again, or move it back.`
      );
    }
    case "elsewhere":
      return (
        `The state of ${stack} speaks of the servers in ${there.project}, and this is ${project}: ` +
        (ownState
          ? `work there, or, if this copy is to be an environment of its own, let it forget them with \`tollgate pulumi -- stack rm ${stack} --force --preserve-config\`.`
          : `work there, or \`tollgate destroy --stack ${stack}\` there before it is made here.`)
      );
    case "lost":
      return (
        `The state of ${stack} speaks of servers in ${there.project}, which has none on this machine: ` +
        `work where they run, or, if they are gone for good, forget them with \`tollgate pulumi -- stack rm ${stack} --force --preserve-config\`.`
      );
  }
}

/** Names of the kept processes of a state folder that are alive. */
function livingIn(stateDir: string): string[] {
  return keptIn(stateDir).filter((name) => lifeOf(stateDir, name).state === "running");
}

/** The state folder that the living servers of this one were started for, where it is another; null without such. */
export function startedElsewhere(stateDir: string): string | null {
  const [name] = livingIn(stateDir);
  if (name === undefined) return null;
  const started = readRecord<{ stateDir?: string }>(
    runFolder(stateDir, name),
    "spec.json",
  )?.stateDir;
  return started !== undefined && !samePlace(started, stateDir) ? started : null;
}

/** A program that a user wrote may keep its processes elsewhere, and knows why. */
function isStateFolder(path: string): boolean {
  return basename(dirname(path)) === ".tollgate";
}

/** Is there more of a stack in a folder than its name? */
function holdsStack(stateDir: string): boolean {
  return existsSync(join(stateDir, "data")) || keptIn(stateDir).length > 0;
}

function keptIn(stateDir: string): string[] {
  return keptNames(stateDir).filter(
    (name) => readRecord<RunningRecord>(runFolder(stateDir, name), "pid.json") !== null,
  );
}

/** Of `<project>/.tollgate/<stack>`. */
function projectOf(stateDir: string): string {
  return dirname(dirname(stateDir));
}
