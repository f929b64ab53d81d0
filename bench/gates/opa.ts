import { execFileSync, spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import type { Candidate, GateConfigurations } from "../../policies/gate";
import { leastDistinctRows, rowsToProve } from "../../policies/support";
import { cacheDir } from "../../toolchain/cache";

const version = "v1.4.2";
const rules = path.join(__dirname, "rules.rego");

/** OPA at one version, built from the Go module proxy and kept in the cache; null without Go. */
export function ensureOpa(): Opa | null {
  const folder = path.join(cacheDir(), "opa", version);
  const binary = path.join(folder, "opa");
  if (!fs.existsSync(binary)) {
    if (spawnSync("go", ["version"]).status !== 0) return null;
    process.stderr.write(`building OPA ${version}, which takes some minutes\n`);
    execFileSync("go", ["install", `github.com/open-policy-agent/opa@${version}`], {
      env: { ...process.env, GOBIN: folder },
      stdio: ["ignore", "ignore", "inherit"],
    });
  }
  return new Opa(binary);
}

/** What Rego's rules say of candidates, and how long they take. */
export class Opa {
  readonly version = version;

  constructor(private readonly binary: string) {}

  /** `<gate> <subject>` of each refusal, sorted. */
  refusals(candidate: Candidate, gates: GateConfigurations): string[] {
    const args = ["eval", "--format", "json", "--data", rules, "--stdin-input"];
    const output = execFileSync(this.binary, [...args, "data.tollgate.refusals"], {
      input: inputOf(candidate, gates),
      encoding: "utf8",
      maxBuffer: 1 << 26,
    });
    const { result } = JSON.parse(output) as {
      result: { expressions: { value: { gate: string; subject: string }[] }[] }[];
    };
    const value = result[0]!.expressions[0]!.value;
    return value.map(({ gate, subject }) => `${gate} ${subject}`.trim()).sort();
  }

  /** Milliseconds for one candidate, by OPA's own benchmark: rules compiled and input parsed before. */
  milliseconds(candidate: Candidate, gates: GateConfigurations): number {
    const args = ["bench", "--format", "json", "--data", rules, "--stdin-input"];
    const output = execFileSync(this.binary, [...args, "data.tollgate.refusals"], {
      input: inputOf(candidate, gates),
      encoding: "utf8",
    });
    const { N, T } = JSON.parse(output) as { N: number; T: number };
    return T / N / 1e6;
  }
}

function inputOf(candidate: Candidate, gates: GateConfigurations): string {
  const { pin, registryDigest, evidence } = candidate;
  const settings = Object.fromEntries(
    Object.entries(gates)
      .filter(([, { level }]) => level !== "disabled")
      .map(([name, configuration]) => [name, configuration.settings]),
  );
  return JSON.stringify({
    pin,
    registryDigest,
    evidence,
    settings,
    needed: neededOf(settings as unknown as Limits),
  });
}

/** As much of the settings as says how many rows are needed. */
interface Limits {
  readonly "metric-floor": { readonly floors: Record<string, number>; significance: number };
  readonly slices: { readonly slices: Record<string, { floor: number; minimumRows?: number }> };
}

/** Rows that each floor needs, a threshold like the others: Rego has no logarithm to tell them by. */
function neededOf(settings: Limits) {
  const { floors, significance } = settings["metric-floor"];
  const slices = Object.entries(settings.slices.slices).map(([name, { floor, minimumRows }]) => [
    name,
    minimumRows ?? Math.max(leastDistinctRows, rowsToProve(floor, 0.05)),
  ]);
  return {
    floors: Object.fromEntries(
      Object.entries(floors).map(([metric, floor]) => [metric, rowsToProve(floor, significance)]),
    ),
    slices: Object.fromEntries(slices) as Record<string, number>,
  };
}
