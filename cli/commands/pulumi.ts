import { spawn } from "node:child_process";
import { prepareBackend } from "../engine/backend";
import { engineFor } from "../engine/run";
import type { Run } from "../verb";

/** `tollgate pulumi -- …`: the engine itself, on this terminal. Its exit code is ours. */
export const run: Run = async (context, _options, words) => {
  const { engine, environment } = await engineFor(context);
  prepareBackend(context.projectDir, environment);
  const child = spawn(engine.binary, words, {
    cwd: context.projectDir,
    env: { ...environment, PWD: context.projectDir },
    // With --json our stdout is for one document: the engine's words go to stderr.
    stdio: ["inherit", context.output.json ? 2 : "inherit", "inherit"],
  });
  // On a terminal Ctrl-C reaches the engine by itself; we only have to outlive it.
  const stay = () => undefined;
  process.on("SIGINT", stay);
  const terminate = () => child.kill("SIGTERM");
  process.on("SIGTERM", terminate);
  try {
    const exitCode = await new Promise<number>((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (code, signal) => resolve(code ?? (signal === "SIGINT" ? 130 : 1)));
    });
    return { document: { exitCode }, text: "", exitCode };
  } finally {
    process.off("SIGINT", stay);
    process.off("SIGTERM", terminate);
  }
};
