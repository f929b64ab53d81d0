import { z } from "zod";
import type { Evidence } from "../../registry/evidence";
import { count, label, noEvidence, notLooked, passed, refused } from "../finding";
import { type Candidate, defineGate, type Finding } from "../gate";
import { usualLevels } from "../levels";

const settings = z.strictObject({
  database: z
    .string()
    .min(1)
    .optional()
    .describe(
      "Folder or zip file of OSV records, from the project folder, to look for known vulnerabilities in. Default: nobody looks.",
    ),
});

/** How many entries a sentence lists; the rest is counted. */
const listed = 5;

/**
 * Refuses a version whose requirements aren't exact versions, so that what was evaluated isn't what is installed, or
 * have a known vulnerability. Without a database it says that nobody looked, rather than that there is none.
 */
export const dependencies = defineGate({
  name: "dependencies",
  description:
    "The version's requirements are exact versions, without known vulnerabilities where a database is at hand.",
  severity: "high",
  remedy:
    "Log the model with exact versions (package==1.2.3) that no advisory names, register, evaluate and pin that version.",
  source:
    "Reads the requirements among the version's files, and looks each up in a folder of OSV records (https://osv.dev) when the settings name one. Every unpinned or vulnerable requirement is refused.",
  waivable: true,
  levels: usualLevels,
  byDefault: "on",
  codes: ["unpinned", "vulnerable", "no-dependencies", "measured-otherwise", "not-measured"],
  settings,
  check(candidate, { database }) {
    const { evidence } = candidate;
    if (!evidence) return noEvidence(candidate, "dependencies");
    const { file, unpinned, vulnerable } = evidence.dependencies;
    if (!Array.isArray(unpinned) || !Array.isArray(vulnerable)) {
      const reason = `${label(candidate.pin)} was never searched for unpinned and vulnerable requirements.`;
      return [refused("not-measured", reason)];
    }
    if (!file) {
      const reason = `${label(candidate.pin)} has no file that says what it needs to run.`;
      return [refused("no-dependencies", reason)];
    }
    return [
      judgePins(candidate, evidence.dependencies, file),
      judgeVulnerabilities(candidate, evidence.dependencies, database),
    ];
  },
});

type Dependencies = Evidence["dependencies"];

function judgePins({ pin }: Candidate, { unpinned }: Dependencies, file: string): Finding {
  const what = `${label(pin)} names in ${file}`;
  const facts = { subject: "pins", value: unpinned.length, threshold: 0, margin: 0 };
  if (unpinned.length === 0) return passed(`${what} nothing without an exact version.`, facts);
  const reason = `${what} ${count(unpinned.length, "requirement")} without an exact version: ${list(unpinned)}.`;
  return refused("unpinned", reason, { ...facts, margin: -unpinned.length });
}

function judgeVulnerabilities(
  { pin }: Candidate,
  { database, vulnerable }: Dependencies,
  wanted: string | undefined,
): Finding {
  const version = label(pin);
  const found = vulnerable.length;
  const facts = { subject: "vulnerabilities", value: found, threshold: 0, margin: 0 };
  if (found > 0) {
    const each = vulnerable.map((one) => `${one.package} ${one.version} (${one.advisory})`);
    const reason = `${version} needs packages with ${found} known ${found === 1 ? "vulnerability" : "vulnerabilities"}: ${list(each)}.`;
    return refused("vulnerable", reason, { ...facts, margin: -found });
  }
  const looked = database !== null && database.records > 0;
  if (wanted !== undefined && (!looked || database.path !== wanted)) {
    const holds =
      database && `in ${database.path}, which holds ${count(database.records, "record")}`;
    const instead = holds ?? "in no database";
    const reason = `${version} was looked up ${instead}, and the settings want known vulnerabilities looked for in ${wanted}.`;
    return refused("measured-otherwise", reason, {
      ...facts,
      value: database?.path ?? null,
      threshold: wanted,
      margin: null,
    });
  }
  if (!looked) {
    const reason = `${version} passes, but nobody looked for known vulnerabilities; name a database in tollgate:gates.dependencies.database to do so.`;
    return notLooked(reason, { subject: facts.subject });
  }
  const reason = `${version} needs no package with a known vulnerability among the ${count(database.records, "record")} of ${database.path}.`;
  return passed(reason, facts);
}

/** Sorted, so that the sentence doesn't depend on the order in the file. */
function list(entries: readonly string[]): string {
  const more = entries.length > listed ? ` and ${entries.length - listed} more` : "";
  return [...entries].sort().slice(0, listed).join(", ") + more;
}
