import type { Settings } from "../../config/settings";
import type { PinnedVersion, Verdict } from "../../policies/gate";
import type { ModelVersion } from "../../registry/client";
import { usageError } from "../errors";
import { isOfVersion } from "../evaluation/evaluation";
import { judgeCandidate } from "../releasing/judgement";
import { newestFirst, registryOf } from "../registry/registry";
import type { Run } from "../verb";
import { optionDefaults } from "../defaults";

/** One version as listed. Holds nothing of its tags, parameters and addresses, which may carry a secret. */
interface ListedVersion {
  version: string;
  /** ISO time of its registration; null where the registry doesn't say. */
  registeredAt: string | null;
  /** Null for a version that was neither trained nor evaluated by Tollgate. */
  digest: string | null;
  /** As measured by the last evaluation; null without one. */
  metrics: Readonly<Record<string, number>> | null;
  /** Null without an evaluation. */
  evidence: { digest: string | null; signed: boolean; evaluatedAt: string } | null;
  /** `refused` if a mandatory gate does; `unknown` where nothing can be judged. */
  verdict: "passed" | "refused" | "unknown";
  /** The mandatory gates that refuse it. */
  refusedBy: string[];
  /** Why nothing can be judged; null where something can. */
  problem: { code: string; reason: string } | null;
  pinned: boolean;
  /** Was it released last? */
  serves: boolean;
}

/** `tollgate versions`: what the registry has, with what was measured and what the gates of now say of it. */
export const run: Run = async (context, options) => {
  const most = countFrom(options.last);
  const settings = await context.settings();
  const { model, stack, pin } = settings;
  const client = await registryOf(settings);
  const all = await newestFirst(client, model);
  const { readReceipts } = await import("../../history/receipts");
  const served = readReceipts(settings.stateDir).receipts.at(-1)?.pin ?? null;
  const versions: ListedVersion[] = [];
  // One after the other: a registry of one worker would keep the last of many waiting for too long.
  for (const version of all.slice(0, most)) versions.push(await listed(settings, version, served));
  const older = all.length - versions.length;
  const shown = shownMetric(settings, versions);
  return {
    document: { stack, model, versions, older },
    text: [
      all.length === 0
        ? `The registry at ${client.uri} has no version of ${model}.\nNext: tollgate train --stack ${stack}`
        : context.output.table(
            ["version", "registered", shown ?? "metric", "evidence", "verdict"],
            versions.map((each) => rowOf(each, shown)),
          ),
      ...problemsOf(versions),
      "",
      `${stack} pins ${pin ? `version ${pin.version}` : "nothing"} and ${served ? `has released version ${served.version} last` : "has released nothing yet"}.`,
      ...(older > 0 ? [`${older} older: --last ${all.length} shows them too.`] : []),
    ].join("\n"),
  };
};

function countFrom(asked: unknown): number {
  if (asked === undefined) return optionDefaults.versions;
  if (typeof asked === "string" && /^[1-9][0-9]{0,5}$/.test(asked)) return Number(asked);
  throw usageError(`--last is "${String(asked)}": give a number of versions, such as 20.`);
}

async function listed(
  settings: Settings,
  { version, creationTimestamp, status, tags }: ModelVersion,
  served: PinnedVersion | null,
): Promise<ListedVersion> {
  const { versionTags } = await import("../../registry/evidence");
  const digest = tags[versionTags.digest] ?? null;
  const judged = digest
    ? await judgedVersion(settings, { name: settings.model, version, digest })
    : null;
  const problem = judged ? judged.problem : notEvaluated(version, status);
  const refusedBy = judged && !problem ? mandatoryRefusals(judged.verdicts) : [];
  return {
    version,
    registeredAt: creationTimestamp > 0 ? new Date(creationTimestamp).toISOString() : null,
    digest,
    metrics: judged?.metrics ?? null,
    evidence: judged?.evidence ?? null,
    verdict: problem ? "unknown" : refusedBy.length > 0 ? "refused" : "passed",
    refusedBy,
    problem,
    pinned: settings.pin?.version === version,
    serves: served?.version === version,
  };
}

/** What the registry knows of a version, and the verdicts on it alone: approvals and the like belong to a pin. */
async function judgedVersion(settings: Settings, pin: PinnedVersion) {
  const { fetchCandidate } = await import("../../admission/candidate");
  const candidate = (await fetchCandidate({ ...settings, pin }))!;
  const { evidence, evidenceDigest, evidenceSignature, problem } = candidate;
  const { verdicts } = await judgeCandidate(candidate, settings);
  return {
    metrics: evidence?.metrics ?? null,
    evidence: evidence && {
      digest: evidenceDigest,
      signed: evidenceSignature !== null,
      evaluatedAt: evidence.evaluator.evaluatedAt,
    },
    problem,
    verdicts: verdicts.filter(isOfVersion),
  };
}

/** Of a version without a digest: nobody trained or evaluated it by Tollgate. */
function notEvaluated(version: string, status: string): ListedVersion["problem"] {
  if (status === "READY")
    return { code: "evidence-missing", reason: `Version ${version} was never evaluated.` };
  return { code: "version-not-ready", reason: `Version ${version} is ${status} in the registry.` };
}

/** What a code doesn't say, in a paragraph under the table. */
function problemsOf(versions: readonly ListedVersion[]): string[] {
  const told = versions.flatMap(({ problem }) =>
    problem && problem.code !== "evidence-missing" ? [`${problem.code}: ${problem.reason}`] : [],
  );
  return told.length > 0 ? ["", ...new Set(told)] : [];
}

function mandatoryRefusals(verdicts: readonly Verdict[]): string[] {
  const refused = verdicts.filter(
    ({ status, level }) => status === "refused" && level === "mandatory",
  );
  return [...new Set(refused.map(({ gate }) => gate))];
}

/** The metric to show of all: the first that the settings limit, else the first that was measured. */
function shownMetric({ gates }: Settings, versions: readonly ListedVersion[]): string | undefined {
  const limits = gates["metric-floor"]?.settings as Partial<
    Record<"floors" | "ceilings", Record<string, number>>
  > | null;
  const limited = [...Object.keys(limits?.floors ?? {}), ...Object.keys(limits?.ceilings ?? {})];
  const measured = versions.flatMap(({ metrics }) => Object.keys(metrics ?? {}));
  return limited.find((metric) => measured.includes(metric)) ?? measured[0];
}

function rowOf(
  { version, registeredAt, metrics, evidence, verdict, refusedBy, problem }: ListedVersion,
  shown: string | undefined,
): string[] {
  const value = shown === undefined ? undefined : metrics?.[shown];
  const [first, ...more] = refusedBy;
  const verdicts = {
    passed: "passed",
    refused: `refused: ${first}${more.length > 0 ? ` and ${more.length} more` : ""}`,
    unknown: problem?.code === "evidence-missing" ? "not evaluated" : `unknown: ${problem?.code}`,
  };
  return [
    version,
    registeredAt?.slice(0, 10) ?? "",
    value === undefined ? "" : String(Number(value.toPrecision(6))),
    evidence === null ? "none" : evidence.signed ? "signed" : "unsigned",
    verdicts[verdict],
  ];
}
