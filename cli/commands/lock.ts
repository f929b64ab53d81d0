import { existsSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { CliError, usageError } from "../errors";
import type { Run } from "../verb";

/** Lines of uv's that are shown of why it can't be done. */
const shownLines = 12;

/** `tollgate lock`: a project's own Python packages and Tollgate's, in one file of exact versions with hashes. */
export const run: Run = async ({ projectDir, output }, _options, [named]) => {
  const source = named === undefined ? join(projectDir, "requirements.in") : resolve(named);
  if (!source.endsWith(".in")) {
    throw usageError(`${source} doesn't end in .in: name a file such as requirements.in.`);
  }
  if (!existsSync(source)) {
    throw new CliError(
      "no-requirements",
      `There is no ${source}: write one with the packages that your model needs beyond Tollgate's own, one a line such as lightgbm==4.7.0.`,
    );
  }
  const target = source.replace(/\.in$/, ".lock");
  const [{ findInterpreter }, { ensureUv }, { compileOwnRequirements }, { RunError }] =
    await Promise.all([
      import("../../toolchain/python"),
      import("../../toolchain/uv"),
      import("../../toolchain/compile-requirements"),
      import("../../toolchain/processes"),
    ]);
  const progress = output.progress(`Locking ${source}`);
  try {
    const { command } = await findInterpreter();
    const uv = await ensureUv(command, (what) => progress.update(what));
    progress.update(`Locking ${source}`);
    await compileOwnRequirements(uv, source, target);
  } catch (error) {
    if (!(error instanceof RunError)) throw error;
    const said = error.output.trimEnd().split("\n").slice(-shownLines).join("\n");
    throw new CliError(
      "lock",
      `${source} can't be locked together with what Tollgate needs (serving/requirements.in); correct it, or see whether the package index can be reached:\n${said}`,
    );
  } finally {
    progress.end();
  }
  const setting = relative(projectDir, target);
  return {
    document: { source, lock: target },
    text: [
      `Locked ${source} into ${target}.`,
      `Next: in each Pulumi.<stack>.yaml, tollgate:python: {requirements: ${setting}}, and commit both files.`,
    ].join("\n"),
  };
};
