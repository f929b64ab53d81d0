import { operationsOf } from "../../runtimes";
import type { Run } from "../verb";

/** `tollgate stop`: ends the servers; the state, the pin and the data stay as they are. */
export const run: Run = async (context) => {
  const settings = await context.settings();
  const { stack } = settings;
  const names = await operationsOf(settings).stop(settings);
  const count = names.length === 0 ? "nothing ran" : names.join(", ");
  return {
    document: { stack, stopped: names },
    text: `${stack} is stopped (${count}). Next: tollgate up --stack ${stack} starts it again.`,
  };
};
