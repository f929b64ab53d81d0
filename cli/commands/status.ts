import { exitCodes } from "../errors";
import { nameOfPin } from "../judgement";
import { statusOf, type Status } from "../status";
import { table } from "../table";
import type { Context } from "../context";
import type { Output } from "../output";
import type { Run } from "../verbs";

/** `tollgate status`: works with everything down, and changes nothing. */
export const run: Run = async (context, options) => {
  const status = await statusOf(await context.settings());
  return {
    document: status,
    text: textOf(status, context),
    exitCode: options.check && status.drift.length > 0 ? exitCodes.error : exitCodes.done,
  };
};

function textOf(status: Status, { output }: Context): string {
  const { registry, serving, lastReceipt, approvals, waivers } = status;
  const alias = registry.alias;
  const facts: [string, string][] = [
    ["stack", `${status.stack} (${status.tier}, ${status.runtime})`],
    ["pinned", status.pin ? nameOfPin(status.pin) : "nothing"],
    [
      "released",
      lastReceipt
        ? `${nameOfPin(lastReceipt.pin)}, ${lastReceipt.at} by ${lastReceipt.actor}`
        : "never",
    ],
    [
      "answers",
      serving.answer
        ? `version ${serving.answer.version} at ${serving.url}`
        : `${serving.url}: ${serving.problem}`,
    ],
    [
      "registry",
      registry.problem ??
        `${registry.uri}, alias ${alias.name} -> ${alias.version ?? "none"}, stage ${registry.stage ?? "None"}`,
    ],
    ...(status.cluster ? [clusterLine(status.cluster)] : []),
    ["approvals", approvals.length > 0 ? approvals.join(", ") : "none"],
    ...waivers.map(({ gate, owner, expires, reason, over }): [string, string] => {
      const until = over ? output.paint("red", `ended at ${expires}`) : `until ${expires}`;
      return ["waived", `${gate} by ${owner}, ${until}: ${reason}`];
    }),
  ];
  return [
    ...facts.map(([name, value]) => `${name.padEnd(10)} ${value}`),
    ...processLines(status, output),
    ...podLines(status, output),
    "",
    ...(status.drift.length === 0
      ? ["No drift."]
      : [
          ...status.drift.map((line) => output.paint("red", `Drift: ${line}`)),
          `Next: tollgate up --stack ${status.stack}`,
        ]),
  ].join("\n");
}

function clusterLine({
  server,
  namespace,
  problem,
}: NonNullable<Status["cluster"]>): [string, string] {
  return ["cluster", problem ?? `${server}, namespace ${namespace}`];
}

function processLines({ processes }: Status, output: Output): string[] {
  if (processes.length === 0) return [];
  const rows = processes.map((each) => [
    each.name,
    each.status,
    each.pid ? String(each.pid) : "",
    each.uptime ?? "",
    each.address ?? "",
  ]);
  const paint = (text: string) => output.paint(text === "running" ? "green" : "red", text);
  return ["", table(["process", "status", "pid", "up for", "address"], rows, { 1: paint })];
}

function podLines({ pods }: Status, output: Output): string[] {
  if (pods.length === 0) return [];
  const rows = pods.map((each) => [
    each.name,
    each.ready ? "yes" : "no",
    String(each.restarts),
    each.age ?? "",
    each.version ?? "",
    each.status,
  ]);
  const paint = (text: string) => output.paint(text === "Running" ? "green" : "red", text);
  // The status comes last: with its reason it may be long.
  return ["", table(["pod", "ready", "restarts", "age", "version", "status"], rows, { 5: paint })];
}
