import { inOrder, keptNames } from "../../processes/kept";
import { haltProcess } from "../../processes/stop";
import { CliError } from "../errors";
import type { Run } from "../verb";

/** `tollgate stop`: ends the servers; the state, the pin and the data stay as they are. */
export const run: Run = async (context) => {
  const { stack, stateDir, kubernetes } = await context.settings();
  if (kubernetes) {
    throw new CliError(
      "not-for-cluster",
      `${stack} runs in a cluster, which starts again whatever is stopped: take its servers out with \`tollgate destroy --stack ${stack}\`, which keeps the data.`,
    );
  }
  const names = keptNames(stateDir);
  await inOrder(names, (name) => haltProcess(stateDir, name));
  const count = names.length === 0 ? "nothing ran" : names.join(", ");
  return {
    document: { stack, stopped: names },
    text: `${stack} is stopped (${count}). Next: tollgate up --stack ${stack} starts it again.`,
  };
};
