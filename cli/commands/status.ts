import { exitCodes } from "../errors";
import { nameOfPin } from "../../history/pin-name";
import { statusOf, type Status } from "../status";
import type { Ended } from "../status/status";
import { age } from "../../runtimes/since";
import type { Context } from "../context";
import type { Output } from "../terminal/output";
import type { Run } from "../verb";

/** `tollgate status`: works with everything down, and changes nothing. */
export const run: Run = async (context, options) => {
  const status = await statusOf(await context.settings());
  return {
    document: status,
    text: textOf(status, context),
    exitCode: options.check && !isAsPinned(status) ? exitCodes.error : exitCodes.done,
  };
};

/** Callers of a stack whose servers somebody ended get nothing, though nothing differs from what was asked for. */
function isAsPinned({ drift, ended }: Status): boolean {
  return drift.length === 0 && ended === null;
}

function textOf(status: Status, { output }: Context): string {
  const { serving, lastReceipt, approvals, waivers } = status;
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
    ["registry", registryLine(status)],
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
    ...(status.ended ? [endedLine[status.ended]] : []),
    ...status.drift.map((line) => output.paint("red", `Drift: ${line}`)),
    isAsPinned(status) ? "No drift." : `Next: tollgate up --stack ${status.stack}`,
  ].join("\n");
}

const endedLine: Record<Ended, string> = {
  stop: "Stopped by `tollgate stop`: its data is there, and `up` starts it again.",
  destroy: "Destroyed by `tollgate destroy`: `up` brings it up again, with what was kept.",
};

/** The stage is that of the pinned version, which the alias needn't point at. */
function registryLine({ pin, ended, registry }: Status): string {
  const { uri, alias, stage, problem } = registry;
  if (problem) return ended ? `${uri}: not running` : problem;
  const pointsAt = alias.version === null ? "none" : `version ${alias.version}`;
  const pinned = pin ? `, version ${pin.version} in stage ${stage ?? "None"}` : "";
  return `${uri}, alias ${alias.name} -> ${pointsAt}${pinned}`;
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
    each.uptime === null ? "" : age(each.uptime),
    each.address ?? "",
  ]);
  const paint = (text: string) => output.paint(text === "running" ? "green" : "red", text);
  return [
    "",
    output.table(["process", "status", "pid", "up for", "address"], rows, { 1: paint }),
    ...processes.flatMap(({ name, restarted }) => {
      if (!restarted) return [];
      const { count, lastExit, at } = restarted;
      const often = count === 1 ? "once" : `${count} times`;
      return [`${name} ended and was started again ${often}, last after ${lastExit} at ${at}.`];
    }),
  ];
}

function podLines({ pods }: Status, output: Output): string[] {
  if (pods.length === 0) return [];
  const rows = pods.map((each) => [
    each.name,
    each.ready ? "yes" : "no",
    String(each.restarts),
    each.age === null ? "" : age(each.age),
    each.version ?? "",
    each.status,
  ]);
  const paint = (text: string) => output.paint(text === "Running" ? "green" : "red", text);
  // The status comes last: with its reason it may be long.
  return [
    "",
    output.table(["pod", "ready", "restarts", "age", "version", "status"], rows, { 5: paint }),
  ];
}
