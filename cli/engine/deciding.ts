import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Settings } from "../../config/settings";
import { stackFile, stackNames } from "../../project/stack-files";
import { operationsOf } from "../../runtimes";
import type { Engine } from "../../toolchain/engine";
import { bundle } from "../../toolchain/bundle.cjs";
import { pack, program, provider, run as runner } from "../../toolchain/entries.cjs";
import { pythonEnvironmentDir } from "../../toolchain/python";
import { canonicalJson, sha256 } from "../../strict/canonical";
import { root } from "../context";
import { stackFiles } from "./backend";
import { projectFile, runsProgramOf } from "./stack";

/** The engine that takes part. */
type EngineFacts = Pick<Engine, "binary" | "version">;

/** Variables that the engine, its plugins or Node itself go by. */
const heard = /^(PULUMI|TOLLGATE|NODE)_/;

/**
 * One digest over all that decides what an `up` does, beside the state that it starts from and what lives: settings, the
 * files of the project that the engine or a guardrail reads, and every program that takes part. The pin's evidence,
 * approvals and waivers aren't in it: they are judged anew each time.
 *
 * Null for a stack of which that can't be told: in a cluster, of another program or provider than ours, with its state
 * elsewhere than in a folder, or with a file that can't be read.
 */
export function decidingDigest(settings: Settings, engine: EngineFacts): string | null {
  try {
    return digestOf(settings, engine);
  } catch {
    // What is wrong is told by whoever needs it: the engine, its program or the provider.
    return null;
  }
}

/** `decidingDigest` with the engine that would be used now; null where there is none yet. */
export async function decidingNow(settings: Settings): Promise<string | null> {
  const { findEngine } = await import("../../toolchain/engine");
  const engine = await findEngine();
  return engine && decidingDigest(settings, engine);
}

function digestOf(settings: Settings, engine: EngineFacts): string | null {
  const { projectDir, stack } = settings;
  if (!operationsOf(settings).traits.tellsUnchanged || !isOurs(projectDir)) return null;
  const files = stackFiles(projectDir, stack, process.env);
  if (files === null) return null;
  const facts = {
    settings,
    // A guardrail compares with all environments of the project.
    files: [
      join(projectDir, "Pulumi.yaml"),
      ...stackNames(projectDir).map((name) => stackFile(projectDir, name)),
      ...passphraseFiles(projectDir),
    ].map((file) => [file, digestOfFile(file)]),
    state: files.state,
    environment: Object.entries(process.env).filter(([name]) => heard.test(name)),
    python: pythonEnvironmentDir(settings.requirements),
    // Named by the content of all their sources and of the lock file of the packages.
    programs: [program, runner, provider, pack].map(([file, options]) => bundle(file, options)),
    starters: [
      "provider/launch.cjs",
      "policies/launch.cjs",
      "toolchain/program.cjs",
      "toolchain/run.cjs",
    ].map((file) => digestOfFile(join(root, file))),
    engine: [engine.binary, engine.version, statSync(engine.binary).mtimeMs],
    node: [process.execPath, process.version],
  };
  return sha256(canonicalJson(facts));
}

/** Are both the program and the provider those of this very Tollgate? Its own are what can be asked without the engine. */
function isOurs(projectDir: string): boolean {
  if (!runsProgramOf(root, projectDir)) return false;
  const named = projectFile(projectDir).plugins?.providers?.find(({ name }) => name === "tollgate");
  if (named?.path === undefined) return false;
  const folder = resolve(projectDir, named.path);
  return existsSync(folder) && realpathSync(folder) === realpathSync(join(root, "provider"));
}

/** The engine refuses another passphrase than the state was made with. */
function passphraseFiles(projectDir: string): string[] {
  const named = process.env["PULUMI_CONFIG_PASSPHRASE_FILE"];
  return [
    join(projectDir, ".tollgate", "passphrase"),
    ...(named ? [resolve(projectDir, named)] : []),
  ];
}

/**
 * Digest of a stack's recorded state; null where there is none, and while a run holds its lock or has left one.
 */
export function stateDigest({ projectDir, stack }: Settings): string | null {
  const files = stackFiles(projectDir, stack, process.env);
  const digest = files && digestOfFile(files.state);
  // Looked at after the state: who has the lock by now may have written it.
  return files === null || isLocked(files.locks) ? null : digest;
}

function isLocked(folder: string): boolean {
  return existsSync(folder) && readdirSync(folder).length > 0;
}

function digestOfFile(file: string): string | null {
  try {
    return sha256(readFileSync(file));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}
