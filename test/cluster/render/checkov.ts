// checkov at one version, in a Python environment of its own below the cache.
import { spawnSync } from "node:child_process";
import path from "node:path";
import { pythonTool } from "../../support/python-tool";

const version = "3.3.30";

/** Rules for manifests that don't hold here, each with its reason. Everything else of checkov's must pass. */
const config = path.join(__dirname, "checkov.yaml");

export interface CheckovReport {
  readonly passed: number;
  /** `CKV_K8S_21 Deployment.default.scorer: The default namespace should not be used`. */
  readonly failed: readonly string[];
  readonly parsingErrors: readonly string[];
  /** Rules that were asked, by identifier. */
  readonly asked: ReadonlySet<string>;
}

/**
 * Judges the manifests of a folder by checkov's rules for Kubernetes. Asks nobody outside of this machine.
 *
 * @param options `skips`: leave out the rules that don't hold here. Default true.
 */
export function checkov(folder: string, { skips = true } = {}): Promise<CheckovReport> {
  return judged(folder, "kubernetes", skips ? ["--config-file", config] : []);
}

/** Judges the Dockerfiles of a folder; these say themselves which rules don't hold, and why. */
export function checkovOfDockerfiles(folder: string): Promise<CheckovReport> {
  return judged(folder, "dockerfile", []);
}

async function judged(
  folder: string,
  framework: string,
  options: readonly string[],
): Promise<CheckovReport> {
  const { stdout, stderr } = spawnSync(
    await pythonTool("checkov", version),
    [
      ...["--framework", framework, "--directory", folder],
      ...["--output", "json", "--compact", "--skip-download"],
      ...options,
    ],
    { encoding: "utf8", maxBuffer: 1 << 28, env: { ...process.env, LOG_LEVEL: "ERROR" } },
  );
  if (!stdout.startsWith("{")) throw new Error(`checkov made no report: ${stdout}${stderr}`);
  return reportOf(JSON.parse(stdout) as CheckovOutput);
}

interface Check {
  readonly check_id: string;
  readonly check_name: string;
  readonly resource: string;
}

interface CheckovOutput {
  readonly results: {
    readonly passed_checks: Check[];
    readonly failed_checks: Check[];
    readonly parsing_errors: string[];
  };
}

function reportOf({ results }: CheckovOutput): CheckovReport {
  const { passed_checks, failed_checks, parsing_errors } = results;
  return {
    passed: passed_checks.length,
    failed: failed_checks.map(
      ({ check_id, check_name, resource }) => `${check_id} ${resource}: ${check_name}`,
    ),
    parsingErrors: parsing_errors,
    asked: new Set([...passed_checks, ...failed_checks].map(({ check_id }) => check_id)),
  };
}
