import { z } from "zod";
import { hour, instantOf } from "../clock";
import { label, marginOf, noEvidence, passed, plain, refused } from "../finding";
import { type Candidate, defineGate, type Service } from "../gate";
import { lineageOf } from "../training";
import { usualLevels } from "../levels";
import { withDefault } from "../setting";

const settings = z.strictObject({
  stack: withDefault(
    z.string().min(1),
    "staging",
    "Stack in which the version must have served before.",
  ),
  hours: withDefault(
    z.number().positive(),
    24,
    "Hours for which it must have served with its checks green.",
  ),
  match: withDefault(
    z.enum(["digest", "commit-and-data"]),
    "digest",
    "What must have served: the same bytes, or a version of the same commit and data version, which each environment trains for itself.",
  ),
});

type Settings = z.output<typeof settings>;

/**
 * Refuses a version that hasn't served long enough in the environment before, with its checks green. Time counts from
 * the last moment at which it wasn't green: a version that failed later than its soak has not passed it.
 *
 * A pin that was released here before passes at once, because going back can't wait for a soak.
 */
export const soak = defineGate({
  name: "soak",
  description: "The version served long enough in the environment before, with its checks green.",
  severity: "high",
  remedy: "Release the version to the stack it must soak in, and wait until the time is over.",
  source:
    "Adds up the times in that stack's receipts, which are chained by hash, in which it served these bytes (or this commit and data version) with no mandatory gate refused or waived. 24 hours see a whole day's traffic once.",
  waivable: true,
  levels: usualLevels,
  byDefault: "off",
  codes: ["never-served", "too-short", "not-green", "no-history", "wrong-type"],
  settings,
  check(candidate, settings) {
    const { pin, history, soaked } = candidate;
    const version = label(pin);
    if (history.releasedAt !== null) {
      const reason = `${version} was released to ${candidate.stack} at ${history.releasedAt}, so it may come back without another soak.`;
      return [passed(reason)];
    }
    if (settings.match === "commit-and-data" && !candidate.evidence) {
      return noEvidence(candidate, "commit and data");
    }
    const { stack, hours } = settings;
    const facts = { subject: stack, threshold: hours };
    if (!soaked) {
      const reason = `${version} must have served in ${stack} for ${hours} h, but ${stack} has no history here; release to it from this project folder.`;
      return [refused("no-history", reason, facts)];
    }
    const { served, what } = servedTimes(candidate, soaked, settings);
    const none = { ...facts, value: 0, margin: marginOf(0, hours, "above") };
    if (served.length === 0) {
      const reason = `${version} never served in ${stack} (${what}), where ${hours} h are wanted (margin ${none.margin} h).`;
      return [refused("never-served", reason, none)];
    }
    const wrong = served.find(
      ({ from, to }) => instantOf(from) === null || (to !== null && instantOf(to) === null),
    );
    if (wrong) {
      const reason = `${version} served in ${stack} from ${wrong.from} to ${wrong.to}, which aren't times in UTC.`;
      return [refused("wrong-type", reason, facts)];
    }
    const green = greenHours(served, candidate.judgedAt);
    const margin = marginOf(green, hours, "above");
    const measured = { ...facts, value: plain(green), margin };
    const so = `${version} served in ${stack} for ${plain(green)} h with its checks green (${what})`;
    if (green >= hours) {
      return [passed(`${so}, of the ${hours} h wanted (margin ${margin} h).`, measured)];
    }
    const failed = served.some((service) => service.green !== true);
    if (failed) {
      const reason = `${so} since it last was not, and ${hours} h are wanted (margin ${margin} h).`;
      return [refused("not-green", reason, measured)];
    }
    return [
      refused("too-short", `${so}, and ${hours} h are wanted (margin ${margin} h).`, measured),
    ];
  },
});

/** The times in which what must have served did, in order, and in words what that is. */
function servedTimes(
  candidate: Candidate,
  soaked: readonly Service[],
  { match }: Settings,
): { served: Service[]; what: string } {
  const { pin, evidence } = candidate;
  const inOrder = [...soaked].sort((a, b) => (instantOf(a.from) ?? 0) - (instantOf(b.from) ?? 0));
  if (match === "digest") {
    return { served: inOrder.filter(({ digest }) => digest === pin.digest), what: "these bytes" };
  }
  const known = evidence && lineageOf(candidate, evidence);
  const { gitCommit = null, dataVersion = null } = known?.lineage ?? {};
  // Two versions that both record nothing have nothing in common.
  if (gitCommit === null || dataVersion === null) {
    return { served: [], what: "it doesn't record both its commit and its data version" };
  }
  const served = inOrder.filter(
    (service) => service.gitCommit === gitCommit && service.dataVersion === dataVersion,
  );
  const unproven = served.some(({ proven }) => !proven);
  const there = unproven ? `; what served is told by unsigned tags` : "";
  const what = `commit ${gitCommit} with data ${dataVersion}${known!.source}${there}`;
  return { served, what };
}

/** Hours of green service up to the moment of judging, after the last service that wasn't green. */
function greenHours(served: readonly Service[], judgedAt: string): number {
  const now = instantOf(judgedAt) ?? -Infinity;
  const lastFailure = served.findLastIndex(({ green }) => green !== true);
  let sum = 0;
  let counted = -Infinity;
  for (const { from, to } of served.slice(lastFailure + 1)) {
    const start = Math.max(instantOf(from)!, counted);
    const end = Math.min(to === null ? now : instantOf(to)!, now);
    // Times that overlap count once.
    if (end > start) sum += end - start;
    counted = Math.max(counted, end);
  }
  return sum / hour;
}
