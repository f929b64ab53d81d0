// Artifacts are made and scanned in Python (test/corpus/artifacts); what the scan found is judged by the gate.
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { parse } from "yaml";
import type { Finding } from "../../policies/gate";
import { safeCode } from "../../policies/gates/safe-code";
import { codeSchema } from "../../registry/measurements";
import { ensurePython } from "../../toolchain/python";
import { withEvidence } from "../policies/fixtures";

const root = path.join(__dirname, "..", "..");

/** One artifact, and what the gate says of it. */
export interface JudgedArtifact {
  readonly name: string;
  readonly what: string;
  readonly harmless: boolean;
  /** Paths that the gate refuses; the artifact's name where it can't even be scanned. */
  readonly refused: readonly string[];
  /** Why the first is refused; empty for none. */
  readonly why: string;
  /** Paths that it refuses still, where the settings are the lines that its refusals print. */
  readonly refusedByItsLines: readonly string[];
  /** What is wrong with the verdict, in a clause; null when it is as it has to be. */
  readonly surprise: string | null;
}

interface Told {
  readonly name: string;
  readonly what: string;
  readonly harmless: boolean;
  readonly code?: unknown;
  readonly error?: string;
  readonly settings: unknown;
}

/** Makes and judges all of them in a temporary folder. `ran`: did any of them get run? None may. */
export async function judgeArtifacts(): Promise<{ artifacts: JudgedArtifact[]; ran: boolean }> {
  const { python } = await ensurePython(path.join(root, "serving", "requirements.lock"));
  const folder = await mkdtemp(path.join(tmpdir(), "tollgate-artifacts-"));
  try {
    const { stdout } = await promisify(execFile)(
      python,
      [path.join(__dirname, "artifacts"), folder],
      {
        env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1" },
        maxBuffer: 1 << 28,
      },
    );
    const lines = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as unknown);
    const { ran } = lines.pop() as { ran: boolean };
    return { artifacts: (lines as Told[]).map(judged), ran };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function judged({ name, what, harmless, code, error, settings }: Told): JudgedArtifact {
  const refusals = error === undefined ? refusalsOf(code, settings) : [{ path: name, why: error }];
  const refused = refusals.map(({ path }) => path);
  const why = refusals[0]?.why ?? "";
  const surprise =
    refused.length > 0 !== harmless ? null : why ? `refused (${why})` : "not refused";
  const refusedByItsLines = error === undefined ? refusedByLines(code) : refused;
  return { name, what, harmless, refused, refusedByItsLines, why, surprise };
}

/** Judges as somebody who puts each line that a refusal prints into the settings. */
function refusedByLines(code: unknown): string[] {
  const lines = findingsOf(code, {}).map(
    ({ remedy }) => /add (\{.*\}) to tollgate:gates\.safe-code\.code/.exec(remedy ?? "")?.[1],
  );
  const reviewed = lines.flatMap((line) => (line ? [parse(line) as unknown] : []));
  return refusalsOf(code, { code: reviewed }).map(({ path }) => path);
}

/** As the gate judges evidence that holds this scan. */
function refusalsOf(code: unknown, settings: unknown): { path: string; why: string }[] {
  return findingsOf(code, settings).flatMap(({ passed, subject, reason }) =>
    passed ? [] : [{ path: subject!, why: reason }],
  );
}

function findingsOf(code: unknown, settings: unknown): readonly Finding[] {
  return safeCode.check(
    withEvidence("code", codeSchema.parse(code)),
    safeCode.settings.parse(settings),
  );
}

/** A line for each, and the counts. */
export function artifactTable(artifacts: readonly JudgedArtifact[]): string {
  const width = Math.max(...artifacts.map(({ name }) => name.length));
  const wide = Math.max(...artifacts.map(({ what }) => what.length));
  const lines = artifacts.map(({ name, what, why, surprise }) =>
    [
      name.padEnd(width),
      what.padEnd(wide),
      surprise === null ? "as expected" : "NOT AS EXPECTED",
      why ? `refused: ${why.length > 100 ? `${why.slice(0, 97)}...` : why}` : "passes",
    ].join("  "),
  );
  const harmless = artifacts.filter((each) => each.harmless).length;
  const expected = artifacts.filter(({ surprise }) => surprise === null).length;
  const total = `${artifacts.length} artifacts, ${harmless} harmless and ${artifacts.length - harmless} dangerous; ${expected} judged as expected.`;
  return [...lines, "", total].join("\n");
}
