import type { Run } from "../verbs";
import { exitCodes } from "../errors";
import { table } from "../table";

/** `tollgate doctor`: what is there, what is missing, and what mends it. With `--fix` it gets what it can itself. */
export const run: Run = async (context, options) => {
  const { diagnose } = await import("../../toolchain/doctor");
  if (options.fix) await fix();
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

/** Shows its own progress on stderr: a first engine takes minutes. */
async function fix(): Promise<void> {
  const [{ ensureEngine }, { defaultRequirements, ensurePython }] = await Promise.all([
    import("../../toolchain/engine"),
    import("../../toolchain/python"),
  ]);
  await ensureEngine();
  await ensurePython(defaultRequirements);
}
