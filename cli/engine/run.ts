import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Settings } from "../../config/settings";
import { operationsOf } from "../../runtimes";
import type { PinnedVersion } from "../../policies/gate";
import { stackFile } from "../../project/stack-files";
import { forgetDestroyed } from "../status/ended";
import { type Context, root } from "../context";
import { CliError, exitCodes } from "../errors";
import { emptyReport, type EngineReport, parseEvent, type Step, take } from "./events";
import { holderOf, type Lock, lockIn, lockMoved, lockSentence, removeLockFile } from "./lock";
import { endLeftovers } from "./leftovers";
import { engineCommand, type EngineRun, spawnEngine } from "./process";
import { causesOf, engineFailure } from "./sentences";
import {
  engineConfigFile,
  requireRoom,
  type ExportedState,
  type PendingOperation,
  settlePending,
} from "./stack";
import { hideBackend, prepareBackend } from "./backend";
import { requirePlace, type StateAccess } from "./place";
import { requirePaths } from "./project";
import { decidingDigest } from "./deciding";
import { doneLine, isShown, kindOf } from "./steps";
import { forgetUnchanged, recordUnchanged } from "./unchanged";

export type EngineVerb = "preview" | "up" | "destroy" | "refresh";

export interface RunOptions {
  /** Works as if the settings pinned this version, or none; the file stays as it is. @default what the file pins */
  pin?: PinnedVersion | null;
  /** What decides this `up` (`decidingDigest`), for a caller who has computed it. @default computed before the engine starts */
  deciding?: string | null;
}

/** A stack with the engine that works on it. */
interface Workplace {
  binary: string;
  version: string;
  environment: NodeJS.ProcessEnv;
  projectDir: string;
  stack: string;
  stateDir: string;
}

const flags: Record<EngineVerb, readonly string[]> = {
  preview: [],
  // The gates have judged before: a preview of the engine's own would double the time of an `up` without changes.
  up: ["--yes", "--skip-preview"],
  destroy: ["--yes", "--skip-preview"],
  refresh: ["--yes", "--skip-preview"],
};

/**
 * Runs the engine on a stack: makes the stack on first use, clears what a killed run left, says on stderr what happens
 * as it happens. A failed update is no exception: the report says so. Throws when the engine could not get to work
 * (the stack is locked, its state can't be written) or was interrupted.
 *
 * @param settings of a stack whose state is this folder's: a command asks `requireOwnState` before it begins
 */
export async function runEngine(
  context: Context,
  settings: Settings,
  verb: EngineVerb,
  options: RunOptions = {},
): Promise<EngineReport> {
  requireRoom(context.projectDir);
  const place = await workplaceOf(context, settings);
  if (verb === "up") forgetDestroyed(settings.stateDir);
  const operations = operationsOf(settings);
  // What was changed by hand may be seen only by looking; our own provider looks by itself.
  const refreshed = verb === "up" && !(await operations.isUntouched(settings));
  if (verb === "up") await operations.forgetUntouched(settings);
  if (verb !== "preview") forgetUnchanged(settings);
  // Before the engine reads any of it: what is edited meanwhile is for the next run.
  const deciding =
    verb === "up" &&
    options.pin === undefined &&
    (options.deciding ?? decidingDigest(settings, place));
  if (refreshed && options.pin === undefined) await putRight(context, settings);
  const attempt = () => attemptBesideOthers(context, place, verb, { ...options, refreshed });
  let [run, report] = await attempt();
  if (/no stack named .* found/.test(run.printed)) {
    initialiseStack(place);
    [run, report] = await attempt();
  }
  for (let tries = 1, lock = lockIn(run.printed); lock; tries++, lock = lockIn(run.printed)) {
    if (tries > 5) throw new CliError("locked", lockSentence(place.stack, lock));
    await clearLock(context, place, lock);
    [run, report] = await attempt();
  }
  hideBackend(context.projectDir, place.environment);
  if (run.interrupted && !report.succeeded) {
    throw new CliError(
      "interrupted",
      `Interrupted: \`tollgate ${verb} --stack ${place.stack}\` goes on from what was done.`,
      exitCodes.interrupted,
    );
  }
  if (run.signal) {
    throw new CliError(
      "engine-killed",
      `The Pulumi engine was killed (${run.signal}): \`tollgate ${verb} --stack ${place.stack}\` goes on from what was done.`,
    );
  }
  if (report.changes === null && run.code !== 0) {
    const sentence = causesOf(report).join("\n") || engineFailure(run.printed);
    const log = join(place.stateDir, "log", `last-${verb}.log`);
    throw new CliError(
      "engine",
      sentence || `The Pulumi engine ended with exit code ${run.code}: see ${log}.`,
    );
  }
  if (report.succeeded && (verb === "up" || verb === "destroy")) {
    if (/interrupted while creating/.test(run.printed)) {
      await settleInterrupted(context, place, settings);
    }
    await endLeftovers(context, settings, report, () => exportedFrom(place));
  }
  if (verb === "up" && report.succeeded) await operations.recordUntouched(settings);
  if (deciding && report.succeeded) {
    recordUnchanged(settings, deciding, await guardrailsAdvise(report));
  }
  return report;
}

/** Did a policy that is no gate of the pin have anything to say? */
async function guardrailsAdvise({ violations }: EngineReport): Promise<boolean> {
  const [{ gates }, { gateNameIn }] = await Promise.all([
    import("../../policies/gates"),
    import("../../policies/policy-names"),
  ]);
  const ofGates = new Set(gates.map(({ name }) => name));
  return violations.some(({ policy }) => !ofGates.has(gateNameIn(policy)));
}

/** What a refresh would see and leave. */
async function putRight(context: Context, settings: Settings): Promise<void> {
  const lines = await operationsOf(settings).undoByHand(settings);
  for (const line of lines) context.output.note(line);
}

/**
 * Makes sure that a stack's state is that of this folder, before anything is judged or done by it.
 *
 * @throws CliError that says whose it is and what to do
 */
export async function requireOwnState(
  context: Context,
  settings: Settings,
  verb: EngineVerb,
): Promise<void> {
  // Where a folder was moved, the state is written anew.
  requireRoom(context.projectDir);
  const access: StateAccess = {
    read: () => exportState(context, settings),
    write: async (state) => importState(await workplaceOf(context, settings), state),
  };
  const declares = verb === "preview" || verb === "up";
  const before = await requirePlace(settings, access, declares ? "believed" : "looked at");
  if (before !== null) {
    context.output.note(
      `${settings.stateDir} was at ${before}: its state speaks of it as it is now.`,
    );
  }
}

/** A stack's recorded state; null when the stack was never made. */
export async function exportState(
  context: Context,
  settings: Settings,
): Promise<ExportedState | null> {
  return exportedFrom(await workplaceOf(context, settings));
}

function exportedFrom(place: Workplace): ExportedState | null {
  try {
    return JSON.parse(
      engineCommand(place, ["stack", "export", "--stack", place.stack]),
    ) as ExportedState;
  } catch (error) {
    if (error instanceof CliError && /no stack named .* found/.test(error.message)) return null;
    throw error;
  }
}

/** The engine and its environment for a project folder; gets the engine when there is none yet. */
export async function engineFor(context: Context) {
  const { ensureEngine, engineEnvironment } = await import("../../toolchain/engine");
  const engine = await ensureEngine();
  return { engine, environment: engineEnvironment(engine, context.projectDir) };
}

async function workplaceOf(context: Context, settings: Settings): Promise<Workplace> {
  const { stack, stateDir } = settings;
  requirePaths(context.projectDir, root);
  const { engine, environment } = await engineFor(context);
  await operationsOf(settings).ensurePlugins(engine, () => environment);
  prepareBackend(context.projectDir, environment);
  const { binary, version } = engine;
  return { binary, version, environment, projectDir: context.projectDir, stack, stateDir };
}

/** A run, begun again up to five times where it met another engine's lock half-written. */
async function attemptBesideOthers(
  ...given: Parameters<typeof attemptRun>
): ReturnType<typeof attemptRun> {
  for (let tries = 1; ; tries++) {
    const done = await attemptRun(...given);
    if (tries > 5 || !lockMoved(done[0].printed)) return done;
    await sleep(200);
  }
}

async function attemptRun(
  context: Context,
  place: Workplace,
  verb: EngineVerb,
  { pin, refreshed }: RunOptions & { refreshed: boolean },
): Promise<[EngineRun, EngineReport]> {
  const report = emptyReport();
  const teller = new Teller(context, verb);
  const judged = verb === "preview" || verb === "up";
  const run = await spawnEngine(
    {
      ...place,
      logDir: join(place.stateDir, "log"),
      verb,
      args: [
        ...[verb, "--stack", place.stack, "--non-interactive", "--color", "never", ...flags[verb]],
        ...["--config-file", engineConfigFile(place, pin)],
        ...(judged ? ["--policy-pack", join(root, "policies")] : []),
        ...(refreshed ? ["--refresh"] : []),
      ],
    },
    context.output,
    (line) => {
      const event = parseEvent(line);
      const step = event && take(report, event);
      if (step) teller.tell(step);
    },
  );
  teller.end();
  return [run, report];
}

/** Makes the stack, and leaves its settings file as it was: see `engineConfigFile`. */
function initialiseStack(place: Workplace): void {
  const file = stackFile(place.projectDir, place.stack);
  const before = readFileSync(file);
  try {
    engineCommand(place, [
      ...["stack", "init", place.stack, "--no-select"],
      ...(place.environment.PULUMI_BACKEND_URL ? [] : ["--secrets-provider", "passphrase"]),
    ]);
  } finally {
    if (!readFileSync(file).equals(before)) writeFileSync(file, before);
  }
}

/** Gets a lock out of the way that nobody needs any more. Throws when the run that holds it is at work. */
async function clearLock(context: Context, place: Workplace, lock: Lock): Promise<void> {
  const { output } = context;
  let holder = holderOf(lock);
  if (holder === "at work") throw new CliError("locked", lockSentence(place.stack, lock));
  if (holder === "gone") {
    output.note(`A run that has ended (pid ${lock.pid}, since ${lock.since}) left its lock.`);
    if (!removeLockFile(lock)) engineCommand(place, ["cancel", "--yes", "--stack", place.stack]);
    return;
  }
  // It does nothing but finish: half a release would be worse than waiting for a whole one.
  output.note(
    `A run (pid ${lock.pid}, since ${lock.since}) whose command was killed is still at work: waiting until it is done.`,
  );
  const progress = output.progress("Waiting");
  for (; holder === "abandoned"; holder = holderOf(lock)) await sleep(200);
  progress.end();
}

/** After a killed run and a good one: what was under way then is settled, and what it left in a cluster is removed. */
async function settleInterrupted(
  context: Context,
  place: Workplace,
  settings: Settings,
): Promise<void> {
  const exported = exportedFrom(place);
  if (!exported) return;
  const { state, abandoned } = settlePending(exported);
  importState(place, state);
  for (const { resource } of abandoned) {
    if (resource.type.startsWith("kubernetes:")) await removeAbandoned(context, settings, resource);
  }
}

function importState(place: Workplace, state: unknown): void {
  const file = join(place.stateDir, "engine", "settled.json");
  mkdirSync(dirname(file), { recursive: true });
  try {
    writeFileSync(file, JSON.stringify(state), { mode: 0o600 });
    engineCommand(place, ["stack", "import", "--stack", place.stack, "--file", file]);
  } finally {
    rmSync(file, { force: true });
  }
}

async function removeAbandoned(
  { output }: Context,
  settings: Settings,
  { inputs }: PendingOperation["resource"],
): Promise<void> {
  if (!inputs) return;
  const removed = await operationsOf(settings).removeAbandoned(settings, inputs);
  if (removed)
    output.note(
      `Removed ${removed}, which an interrupted run had made and nothing needs any more.`,
    );
}

/** Tells on stderr what happens to each resource: when it is done, or when it takes a while. */
class Teller {
  readonly #underWay = new Map<string, Step>();
  readonly #startedAt = new Map<string, number>();
  readonly #progress;

  constructor(
    private readonly context: Context,
    private readonly verb: EngineVerb,
  ) {
    this.#progress = context.output.progress(verb === "preview" ? "Previewing" : "Working");
  }

  tell(step: Step): void {
    if (this.verb === "preview" || this.verb === "refresh" || !isShown(step)) return;
    if (!this.#startedAt.has(step.urn)) this.#startedAt.set(step.urn, Date.now());
    const took = Date.now() - (this.#startedAt.get(step.urn) ?? Date.now());
    if (step.state === "started") this.#underWay.set(step.urn, step);
    else this.#underWay.delete(step.urn);
    const line = doneLine(step, took);
    if (line) this.context.output.note(line, step.state === "failed" ? "red" : undefined);
    const waiting = [...this.#underWay.values()].map(({ type, name }) => `${kindOf(type)} ${name}`);
    this.#progress.update(waiting.length > 0 ? `Waiting for ${waiting.join(", ")}` : "Working");
  }

  end(): void {
    this.#progress.end();
  }
}
