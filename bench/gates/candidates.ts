import fs from "node:fs";
import path from "node:path";
import YAML from "yaml";
import type { FetchedCandidate } from "../../admission/candidate";
import { resolveSettings } from "../../config/resolve";
import { packDigest } from "../../pack/digest";
import type { Candidate, GateConfigurations } from "../../policies/gate";
import { planDigest } from "../../policies/plan";
import type { Evidence } from "../../registry/evidence";
import { candidatesFolder, loadCandidate } from "../../test/corpus/load";
import { signedLine, testKey } from "../../test/support/signing";

/** What is judged: a candidate that passes, and the gates' configuration. */
export interface Judged {
  readonly candidate: FetchedCandidate;
  readonly gates: GateConfigurations;
}

const base = "good-cancer-logistic";

/** Gates that OPA and Rego have rules for as well. */
export const comparedGates = ["digest-matches", "smoke", "metric-floor", "slices", "latency"];

/**
 * A real candidate of the corpus under every gate there is, mandatory, whenever it is judged: its signatures are taken at
 * any age, and its approvals expire in 2099.
 */
export async function benchCandidate(slices = 0): Promise<Judged> {
  const { candidate } = await loadCandidate(base);
  const gates = configurations(slices);
  const { stack, pin } = candidate;
  const plan = planDigest(stack, pin, gates);
  const approvals = ["bob", "carol"].map((name) =>
    signedLine(testKey(name), "approval", {
      approver: `${name}@example.com`,
      stack,
      model: pin.name,
      version: pin.version,
      digest: pin.digest,
      evidence: candidate.evidenceDigest!,
      plan,
      at: "2026-02-04T09:00:00Z",
      expires: "2099-01-01T00:00:00Z",
    }),
  );
  const judged = {
    ...candidate,
    evidence: withSlices(candidate.evidence!, slices),
    approvals,
    plan,
    pack: { digest: packDigest(), pinned: null },
    history: { ...candidate.history, packDigest: packDigest() },
  };
  return { candidate: judged, gates };
}

/** The base candidate's settings, with `slices` more slices, each with its own floor. */
function configurations(slices: number): GateConfigurations {
  const file = path.join(candidatesFolder, base, "Pulumi.prod.yaml");
  const { config } = YAML.parse(fs.readFileSync(file, "utf8")) as {
    config: Record<string, unknown>;
  };
  const raw = Object.fromEntries(
    Object.entries(config).map(([key, value]) => [key.replace("tollgate:", ""), value]),
  );
  const gates = raw["gates"] as Record<string, Record<string, unknown>>;
  const added = Object.fromEntries(
    sliceNames(slices).map((name) => [name, { where: `region == "${name}"`, floor: 0.9 }]),
  );
  raw["gates"] = {
    ...gates,
    slices: { slices: { ...(gates["slices"]!["slices"] as object), ...added } },
    "evidence-signed": { validDays: 3650 },
    window: { timezone: "UTC" },
    // The provider finds out by itself that the bench has no commits to compare with.
    "settings-reviewed": { level: "advisory" },
  };
  return resolveSettings(raw, { stack: "prod", projectDir: "/", requirements: "" }).gates;
}

function withSlices(evidence: Evidence, count: number): Evidence {
  const added = sliceNames(count).map((name, index) => ({
    name,
    where: `region == "${name}"`,
    rows: 40 + index,
    support: { distinctRows: 40 + index, positive: null, classes: null },
    metrics: { accuracy: 0.91 },
  }));
  return { ...evidence, slices: [...evidence.slices, ...added] };
}

function sliceNames(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `region-${String(index).padStart(4, "0")}`);
}

/** Many candidates, each with metrics of its own; every tenth is below a floor. */
export function* variations({ candidate }: Judged, count: number): Generator<Candidate> {
  for (let index = 0; index < count; index += 1) {
    const accuracy = index % 10 === 9 ? 0.85 : 0.95 + (index % 7) / 1000;
    const evidence = candidate.evidence!;
    yield { ...candidate, evidence: { ...evidence, metrics: { ...evidence.metrics, accuracy } } };
  }
}

/** The same gates, with all that aren't named disabled. */
export function onlyGates(gates: GateConfigurations, names: readonly string[]): GateConfigurations {
  return Object.fromEntries(
    Object.entries(gates).map(([name, configuration]) => [
      name,
      names.includes(name) ? configuration : { ...configuration, level: "disabled" as const },
    ]),
  );
}

/** A candidate refused for the rows that its metrics stand on, of which MLflow's own validation isn't told. */
export const fewRows = "few rows that stand there often";

/** The base candidate and what can be wrong with it, by what is wrong: all contenders must say the same of each. */
export function damaged({ candidate }: Judged): Record<string, Candidate> {
  const evidence = candidate.evidence!;
  const change = (part: Partial<Evidence>): Candidate => ({
    ...candidate,
    evidence: { ...evidence, ...part },
  });
  const [slice, ...others] = evidence.slices;
  const withoutF1 = Object.fromEntries(
    Object.entries(evidence.metrics).filter(([metric]) => metric !== "f1"),
  );
  return {
    nothing: candidate,
    "a metric below its floor": change({ metrics: { ...evidence.metrics, accuracy: 0.85 } }),
    "two metrics below": change({ metrics: { ...evidence.metrics, accuracy: 0.85, f1: 0.5 } }),
    "a metric missing": change({ metrics: withoutF1 }),
    "too slow": change({ latency: { ...evidence.latency, p95Ms: 51 } }),
    "no answer": change({ smoke: { passed: false, detail: "the scorer answered 500" } }),
    "other bytes": { ...candidate, registryDigest: `sha256:${"b".repeat(64)}` },
    "a slice below its floor": change({
      slices: [{ ...slice!, metrics: { accuracy: 0.5 } }, ...others],
    }),
    "a slice too small": change({ slices: [{ ...slice!, rows: 3 }, ...others] }),
    "a row that stands in a slice often": change({
      slices: [{ ...slice!, support: { ...slice!.support!, distinctRows: 3 } }, ...others],
    }),
    "a slice that nobody measured": change({ slices: others }),
    [fewRows]: change({
      support: { ...evidence.support!, distinctRows: 28 },
    }),
  };
}
