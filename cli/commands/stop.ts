import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { haltProcess } from "../../runtimes/local/processes/stop";
import { CliError } from "../errors";
import type { Run } from "../verbs";

/** Servers that others depend on, ended last. */
const foundations = ["tracking-server", "database", "artifact-store"];

/** `tollgate stop`: ends the servers; the state, the pin and the data stay as they are. */
export const run: Run = async (context) => {
  const { stack, stateDir, kubernetes } = await context.settings();
  if (kubernetes) {
    throw new CliError(
      "not-for-cluster",
      `${stack} runs in a cluster, which starts again whatever is stopped: take its servers out with \`tollgate destroy --stack ${stack}\`, which keeps the data.`,
    );
  }
  const folder = join(stateDir, "run");
  const names = existsSync(folder)
    ? readdirSync(folder, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map((entry) => entry.name)
    : [];
  const dependent = names.filter((name) => !foundations.includes(name));
  await Promise.all(dependent.map((name) => haltProcess(stateDir, name)));
  for (const name of foundations.filter((each) => names.includes(each))) {
    await haltProcess(stateDir, name);
  }
  const count = names.length === 0 ? "nothing ran" : names.sort().join(", ");
  return {
    document: { stack, stopped: names.sort() },
    text: `${stack} is stopped (${count}). Next: tollgate up --stack ${stack} starts it again.`,
  };
};
