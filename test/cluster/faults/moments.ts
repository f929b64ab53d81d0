import { randomInt } from "node:crypto";
import type { Victim } from "../../support/kills";
import { isReady, type World } from "./world";

/** What a moment is recognised by, besides the world. */
interface Release {
  /** By the command, so far. */
  readonly printed: string;
  /** The version that is being released. */
  readonly version: string;
  /** The one that is served before. */
  readonly old: string;
  /** Receipts before the command. */
  readonly receipts: number;
}

/** A moment of a release at which it is killed. */
export interface Moment {
  readonly when: string;
  readonly victim: Victim;
  readonly reached: (world: World, release: Release) => boolean | Promise<boolean>;
}

const annotation = (name: string) => `tollgate.dev/${name}`;
const says =
  (line: RegExp): Moment["reached"] =>
  (_, { printed }) =>
    line.test(printed);

const begins: [string, Moment["reached"]][] = [
  ["as it began", says(/Working/)],
  ["when the pin was admitted", says(/(created|updated) +admission/)],
  [
    "when a Deployment was made",
    async (world, { version }) => (await world.deploymentsOf(version)).length > 0,
  ],
  ["when that was recorded", says(/created +deployment/)],
  ["when a pod was made", async (world, { version }) => (await world.pods(version)).length > 0],
];

const starts: [string, Moment["reached"]][] = [
  ["while a pod downloaded", (world, { version }) => initial(world, version, "running")],
  ["when a pod had downloaded", (world, { version }) => initial(world, version, "terminated")],
  [
    "while a scorer loaded",
    async (world, { version }) =>
      (await world.pods(version)).some(({ status }) =>
        Boolean(status?.containerStatuses?.[0]?.state.running),
      ),
  ],
  [
    "when a scorer was ready",
    async (world, { version }) => (await world.pods(version)).some(isReady),
  ],
  [
    "when the journal was opened",
    async (world) => annotation("release") in ((await world.service()).metadata.annotations ?? {}),
  ],
];

const moves: [string, Moment["reached"]][] = [
  [
    "when the Service was moved",
    async (world, { version }) => (await world.released()) === version,
  ],
  ["when callers met it", async (world, { version }) => (await world.answering()) === version],
  ["after the watch", says(/(created|updated) +cluster release/)],
  ["when the alias was moved", says(/(created|updated) +stage alias/)],
  [
    "when a receipt was written",
    async (world, { receipts }) => (await world.receipts()) > receipts,
  ],
];

const ends: [string, Moment["reached"]][] = [
  [
    "when the journal was closed",
    async (world, { version }) => {
      const { annotations = {} } = (await world.service()).metadata;
      return (
        annotations[annotation("version")] === version && !(annotation("release") in annotations)
      );
    },
  ],
  ["when the receipt was recorded", says(/(created|updated) +receipt/)],
  [
    "when the old Deployment was deleted",
    async (world, { old }) => (await world.deploymentsOf(old)).length === 0,
  ],
  ["while the old scorers ended", async (world, { old }) => (await world.leaving(old)) > 0],
  ["when that was recorded too", says(/removed +deployment/)],
];

/** In a run of the cluster's specs; all twenty by TOLLGATE_KILL_POINTS=20, which takes three minutes more. */
const points = Number(process.env["TOLLGATE_KILL_POINTS"] ?? 4);

/** Which moments this run has; one that failed comes again by TOLLGATE_KILL_SEED. */
export const seed = Number(process.env["TOLLGATE_KILL_SEED"] ?? randomInt(begins.length));

/**
 * Some of twenty moments, in rounds of four: a release is killed early, what goes on from there is killed later, and so
 * on. By turns the end of a release is left to an engine whose command is gone. Other runs have other moments.
 */
export const rounds: readonly (readonly Moment[])[] = Array.from(
  { length: Math.ceil(points / 4) },
  (_, round) =>
    [begins, starts, moves, ends].map((phase) => {
      const [when, reached] = phase[(seed + round) % phase.length]!;
      const victim = phase === ends && round % 2 === 1 ? "the command" : "everything";
      return { when, reached, victim };
    }),
);

async function initial(
  world: World,
  version: string,
  state: "running" | "terminated",
): Promise<boolean> {
  const reached =
    state === "running" ? (["running", "terminated"] as const) : (["terminated"] as const);
  return (await world.pods(version)).some(({ status }) =>
    reached.some((each) => Boolean(status?.initContainerStatuses?.[0]?.state[each])),
  );
}
