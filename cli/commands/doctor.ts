import { join, relative } from "node:path";
import type { Settings } from "../../config/settings";
import { operationsOf } from "../../runtimes";
import type { Part } from "../../toolchain/doctor";
import { type Context, root } from "../context";
import { exitCodes } from "../errors";
import type { Style } from "../terminal/output";
import type { Run } from "../verb";

const styles: Record<Part["status"], Style> = {
  ok: "green",
  unknown: "yellow",
  missing: "red",
  "too-old": "red",
  broken: "red",
};

/**
 * `tollgate doctor`: what is there, what is missing, and what mends it. With `--fix` it gets what it can itself, and
 * with `--stack` it looks at the stack's cluster too.
 */
export const run: Run = async (context, options) => {
  const { diagnose } = await import("../../toolchain/doctor");
  const settings = options.stack === undefined ? null : await context.settings();
  if (options.fix) await fix(context, settings);
  const parts = [...(await diagnose()), ...(settings ? await more(settings) : [])];
  const wrong = parts.filter(({ status }) => status !== "ok" && status !== "unknown");
  const paint = (status: string) => context.output.paint(styles[status as Part["status"]], status);
  const rows = parts.map(({ part, status, version, source }) => [
    part,
    status,
    version ?? "",
    source ?? "",
  ]);
  return {
    document: { ok: wrong.length === 0, parts },
    text: [
      context.output.table(["part", "status", "version", "from"], rows, { 1: paint }),
      ...wrong.map(mendOf),
    ].join("\n"),
    exitCode: wrong.length === 0 ? exitCodes.done : exitCodes.error,
  };
};

/** `engine is missing: run …`, with what may be done instead. */
function mendOf({ part, status, mend, advice }: Part): string {
  const ways = [...(mend ? [`run \`${mend}\``] : []), ...(advice ? [advice] : [])];
  return `${part} is ${status}${ways.length > 0 ? `: ${ways.join(", ")}` : ""}`;
}

/** The parts that a stack's runtime needs besides. */
function more(settings: Settings): Promise<Part[]> {
  const own = relative(process.cwd(), join(root, "toolchain", "tollgate.cjs"));
  const fix = `node ${own} doctor --fix --stack ${settings.stack}`;
  return operationsOf(settings).diagnose(settings, fix);
}

/** Shows its own progress on stderr: a first engine or plugin takes minutes. */
async function fix({ projectDir }: Context, settings: Settings | null): Promise<void> {
  const [{ ensureEngine, engineEnvironment }, { defaultRequirements, ensurePython }] =
    await Promise.all([import("../../toolchain/engine"), import("../../toolchain/python")]);
  const engine = await ensureEngine();
  await ensurePython(defaultRequirements);
  if (!settings) return;
  await operationsOf(settings).ensurePlugins(engine, () => engineEnvironment(engine, projectDir));
}
