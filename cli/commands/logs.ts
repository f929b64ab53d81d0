import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { ClusterAddress } from "../../cluster/address";
import { inCluster } from "../cluster";
import { CliError, usageError } from "../errors";
import type { Outcome } from "../output";
import type { Run } from "../verb";

/** `tollgate logs`: the logs of a stack's processes or pods, or the end of one. */
export const run: Run = async (context, options, [name]) => {
  const { stateDir, stack, kubernetes } = await context.settings();
  const count = Number(options.lines ?? 50);
  if (!Number.isInteger(count) || count < 1)
    throw usageError(`--lines ${String(options.lines)} is no number of lines.`);
  return kubernetes
    ? logsInCluster(kubernetes.cluster, stack, name, count)
    : logsHere(stateDir, stack, name, count);
};

function logsHere(
  stateDir: string,
  stack: string,
  name: string | undefined,
  count: number,
): Outcome {
  const folder = join(stateDir, "log");
  const names = existsSync(folder)
    ? readdirSync(folder)
        .filter((file) => file.endsWith(".log"))
        .sort()
    : [];
  const files = names.map((file) => ({
    name: file.slice(0, -".log".length),
    file: join(folder, file),
  }));
  if (name === undefined) {
    const lines = files.map((each) => `${each.name}  ${each.file}`);
    return {
      document: { stack, logs: files },
      text: lines.join("\n") || `${stack} has no logs yet.`,
    };
  }
  const found = files.find((each) => each.name === name);
  if (!found) {
    const there = files.map((each) => each.name).join(", ") || "none yet";
    throw new CliError("no-log", `${stack} has no log of "${name}": there is ${there}.`);
  }
  const lines = readFileSync(found.file, "utf8").trimEnd().split("\n").slice(-count);
  return { document: { stack, ...found, lines }, text: lines.join("\n"), verbatim: true };
}

async function logsInCluster(
  address: ClusterAddress,
  stack: string,
  name: string | undefined,
  count: number,
): Promise<Outcome> {
  const { containersOf, lastLines, logSource, podsIn } = await import("../cluster-logs");
  const { podState } = await import("../../cluster/pods");
  return inCluster(address, async (cluster) => {
    const pods = await podsIn(cluster);
    if (name === undefined) {
      const logs = pods.map((pod) => ({
        name: pod.metadata.name,
        containers: containersOf(pod),
        status: podState(pod),
      }));
      const lines = logs.map(
        (each) => `${each.name}  ${each.containers.join(", ")}  ${each.status}`,
      );
      return {
        document: { stack, logs },
        text: lines.join("\n") || `${stack} has no pods yet.`,
      };
    }
    const source = logSource(pods, name);
    const { pod, container, previous } = source;
    const lines = await lastLines(cluster, source, count);
    const found = { name: pod.metadata.name, container, previous, lines };
    return { document: { stack, ...found }, text: lines.join("\n"), verbatim: true };
  });
}
