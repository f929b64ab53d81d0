import type { Settings } from "../../config/settings";
import { inOrder, keptNames, lockedNames } from "../../processes/kept";
import { lifeOf } from "../../processes/inspect";
import { stopProcess } from "../../processes/stop";
import type { Context } from "../context";
import type { EngineReport } from "./events";
import type { ExportedState } from "./stack";
import { tokens } from "../../policies/resource-tokens";

/**
 * Ends the processes of this machine that no resource of a stack stands for: an engine that was killed has started them,
 * or a start has failed. Forgets those that don't run. To be called after a run of the engine that succeeded.
 *
 * @param exported the stack's recorded state; asked only where something may be left
 */
export async function endLeftovers(
  { output }: Context,
  { stateDir }: Settings,
  report: EngineReport,
  exported: () => ExportedState | null,
): Promise<void> {
  const seen = new Set<unknown>();
  for (const { type, operation, after } of report.steps.values()) {
    if (type === tokens.Process && operation !== "delete") seen.add(after?.name);
  }
  const names = new Set([...keptNames(stateDir), ...lockedNames(stateDir)]);
  const unseen = [...names].filter((name) => !seen.has(name));
  if (unseen.length === 0) return;
  // The engine's word for what it did may not be all there is: what its state holds is never ended.
  const recorded = new Set(
    (exported()?.deployment.resources ?? [])
      .filter(({ type }) => type === tokens.Process)
      .map(({ inputs }) => inputs?.name),
  );
  await inOrder(
    unseen.filter((name) => !recorded.has(name)),
    async (name) => {
      const runs = lifeOf(stateDir, name).state === "running";
      await stopProcess(stateDir, name);
      if (!runs) return;
      output.note(
        `Stopped ${name}, which an interrupted run had started and nothing needs any more.`,
      );
    },
  );
}
