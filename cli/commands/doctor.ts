import type { Run } from "../verbs";
import { exitCodes } from "../errors";
import { table } from "../table";

/** `tollgate doctor`: what is there, what is missing, and what mends it. With `--fix` it gets what it can itself. */
export const run: Run = async (context, options) => {
  const { diagnose } = await import("../../toolchain/doctor");
  if (options.fix) await fix(context.output);
  const parts = await diagnose();
  const wrong = parts.filter(({ status }) => status !== "ok");
  const paint = (status: string) => context.output.paint(status === "ok" ? "green" : "red", status);
  const rows = parts.map(({ part, status, version, source }) => [
    part,
    status,
    version ?? "",
    source ?? "",
  ]);
  const mends = wrong.map(({ part, status, mend }) => {
    return mend ? `${part} is ${status}: run \`${mend}\`` : `${part} is ${status}`;
  });
  return {
    document: { ok: wrong.length === 0, parts },
    text: [table(["part", "status", "version", "from"], rows, { 1: paint }), ...mends].join("\n"),
    exitCode: wrong.length === 0 ? exitCodes.done : exitCodes.error,
  };
};

async function fix(output: Parameters<Run>[0]["output"]): Promise<void> {
  const [{ ensureEngine }, { defaultRequirements, ensurePython }] = await Promise.all([
    import("../../toolchain/engine"),
    import("../../toolchain/python"),
  ]);
  const progress = output.progress("Getting what is missing");
  try {
    await ensureEngine({ progress: (text: string) => progress.update(text) });
    await ensurePython(defaultRequirements, { progress: (text: string) => progress.update(text) });
  } finally {
    progress.end();
  }
}
