import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** Live processes that have to do with a folder, by command line, working directory or an open file. Linux. */
export function processesOf(folder: string): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => tracesOf(pid).some((trace) => trace.includes(folder)))
    .map((pid) => `${pid} ${read(`/proc/${pid}/cmdline`).replaceAll("\0", " ").trim()}`);
}

function tracesOf(pid: string): string[] {
  return [
    read(`/proc/${pid}/cmdline`),
    link(`/proc/${pid}/cwd`),
    ...list(`/proc/${pid}/fd`).map((fd) => link(`/proc/${pid}/fd/${fd}`)),
  ];
}

const quietly = <T>(look: () => T, otherwise: T): T => {
  try {
    return look();
  } catch {
    return otherwise; // It has ended meanwhile.
  }
};
const read = (file: string) => quietly(() => readFileSync(file, "utf8"), "");
const link = (file: string) => quietly(() => readlinkSync(file), "");
const list = (folder: string) => quietly(() => readdirSync(folder), []);
