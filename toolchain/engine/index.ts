import path from "node:path";
import { cacheDir } from "../cache";
import { installed, InstallError, installOnce } from "../install";
import { withProgress, type Progress } from "../progress";
import { buildEngine } from "./build";
import { ENGINE_VERSION, type Engine, type EngineSource } from "./engine";
import { writeHost } from "./host";
import { engineOnPath } from "./path";
import { downloadEngine } from "./vendor";

export { engineEnvironment, engineHome } from "./environment";
export { ENGINE_VERSION, type Engine, type EngineSource } from "./engine";

type Made = Exclude<EngineSource, "path">;

/** How an engine is made in an empty folder; throws why it can't be, as a clause. */
export type Maker = (folder: string, progress: Progress) => Promise<void>;

export interface EnsureOptions {
  /** Told what is being done. @default shown on stderr with the elapsed time */
  readonly progress?: Progress;
  /** How engines are made; tests put their own here. */
  readonly makers?: Readonly<Record<Made, Maker>>;
}

const makers: Record<Made, Maker> = { vendor: downloadEngine, build: buildEngine };
const SOURCES = ["path", "vendor", "build"] as const;
const MEND =
  "install the Pulumi CLI 3.200 or newer, or install Go 1.21 or newer so that it can be built here";

/** The engine that would be used now: on PATH, or made before; null when there is none. Makes nothing. */
export async function findEngine(): Promise<Engine | null> {
  const forced = forcedSource();
  const onPath = !forced || forced === "path" ? (await engineOnPath(null)).engine : null;
  const made = (["vendor", "build"] as const).filter((source) => !forced || forced === source);
  return onPath ?? made.map(cachedEngine).find((engine) => engine !== null) ?? null;
}

/**
 * The engine, made first when there is none: from PATH, from the vendor, or built with Go, in this order.
 * `TOLLGATE_ENGINE=path|vendor|build` forces one. Throws one sentence with what was tried and what to do.
 */
export async function ensureEngine(options: EnsureOptions = {}): Promise<Engine> {
  const { progress } = options;
  const ensure = (report: Progress) => ensureWith(report, options.makers ?? makers);
  const engine = progress ? await ensure(progress) : await withProgress(ensure);
  // A host of ours that is older than our sources is replaced; an official one came with its engine.
  if (engine.dir.startsWith(cacheDir()) && engine.source !== "vendor") writeHost(engine.dir);
  return engine;
}

async function ensureWith(
  progress: Progress,
  make: Readonly<Record<Made, Maker>>,
): Promise<Engine> {
  const forced = forcedSource();
  const found = await findEngine();
  if (found) return found;
  const tried: string[] = [];
  for (const source of forced ? [forced] : SOURCES) {
    try {
      return source === "path"
        ? await fromPath(progress)
        : await makeEngine(source, make[source], progress);
    } catch (error) {
      if (error instanceof InstallError) throw error;
      tried.push((error as Error).message);
    }
  }
  const what = forced
    ? `TOLLGATE_ENGINE=${forced} gives no Pulumi engine`
    : "There is no Pulumi engine";
  throw new Error(
    `${what}: ${tried.join("; ")}; ${forced ? `unset TOLLGATE_ENGINE, or ${MEND}` : MEND}.`,
  );
}

async function fromPath(progress: Progress): Promise<Engine> {
  const { engine, problem } = await engineOnPath(progress);
  if (engine) return engine;
  throw new Error(problem ?? "no pulumi is on PATH");
}

async function makeEngine(source: Made, maker: Maker, progress: Progress): Promise<Engine> {
  await installOnce({
    what: `Pulumi engine ${ENGINE_VERSION}`,
    target: targetOf(source),
    progress,
    make: async (folder) => {
      await maker(folder, progress);
      return { version: ENGINE_VERSION };
    },
  });
  return cachedEngine(source) as Engine;
}

function cachedEngine(source: Made): Engine | null {
  const dir = targetOf(source);
  const facts = installed<{ version: string }>(dir);
  return facts && { binary: path.join(dir, "pulumi"), version: facts.version, source, dir };
}

function targetOf(source: Made): string {
  return path.join(cacheDir(), "engine", `${ENGINE_VERSION}-${source}`);
}

function forcedSource(): EngineSource | null {
  const forced = process.env["TOLLGATE_ENGINE"];
  if (!forced) return null;
  if ((SOURCES as readonly string[]).includes(forced)) return forced as EngineSource;
  throw new Error(`TOLLGATE_ENGINE is "${forced}": write path, vendor or build, or unset it.`);
}
