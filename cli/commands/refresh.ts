import { operationsOf } from "../../runtimes";
import type { Step } from "../engine/events";
import { requireOwnState, runEngine } from "../engine/run";
import { failureOf } from "../releasing/releasing";
import type { Run } from "../verb";

/** `tollgate refresh`: records what really runs. Every difference it finds is listed; `up` puts it right. */
export const run: Run = async (context) => {
  const settings = await context.settings();
  await operationsOf(settings).requireReady(settings);
  await requireOwnState(context, settings, "refresh");
  const report = await runEngine(context, settings, "refresh");
  if (!report.succeeded) throw failureOf(report, settings, "refresh");
  const differences = [...report.steps.values()]
    .filter(isDifference)
    .map(({ operation, name, type, found }) => ({
      name,
      type,
      gone: operation === "delete",
      found,
    }));
  const lines = differences.map(({ name, gone, found }) =>
    gone ? `${name} is gone` : `${name}: ${found.map(changeOf).join(", ")}`,
  );
  return {
    document: { stack: settings.stack, differences },
    text:
      lines.length === 0
        ? `${settings.stack} is as recorded.`
        : [...lines, `Next: tollgate up --stack ${settings.stack} puts it right.`].join("\n"),
  };
};

function isDifference({ operation, type, found }: Step): boolean {
  if (!type.startsWith("tollgate:")) return false;
  return operation === "delete" || (operation === "update" && found.length > 0);
}

function changeOf({ property, from, to }: Step["found"][number]): string {
  const words = (value: unknown) =>
    typeof value === "string" ? value : (JSON.stringify(value) ?? "none");
  return `${property} ${words(from)} -> ${words(to)}`;
}
