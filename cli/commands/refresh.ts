import { runEngine } from "../engine/run";
import { failureOf } from "../releasing";
import type { Run } from "../verbs";

/** `tollgate refresh`: records what really runs. Every difference it finds is listed; `up` puts it right. */
export const run: Run = async (context) => {
  const settings = await context.settings();
  const report = await runEngine(context, settings, "refresh");
  if (!report.succeeded) throw failureOf(report, settings, "refresh");
  const differences = [...report.steps.values()]
    .filter(
      ({ operation, type }) =>
        (operation === "update" || operation === "delete") && type.startsWith("tollgate:"),
    )
    .map(({ operation, name, type, properties }) => ({
      name,
      type,
      found: operation === "delete" ? "gone" : "changed",
      properties,
    }));
  const lines = differences.map(({ name, found, properties }) =>
    found === "gone" ? `${name} is gone` : `${name} differs: ${properties.join(", ")}`,
  );
  return {
    document: { stack: settings.stack, differences },
    text:
      lines.length === 0
        ? `${settings.stack} is as recorded.`
        : [...lines, `Next: tollgate up --stack ${settings.stack} puts it right.`].join("\n"),
  };
};
