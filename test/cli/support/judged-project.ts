import { execFileSync } from "node:child_process";
import { artifactPath } from "../../../registry/artifact-paths";
import type { Evidence } from "../../../registry/evidence";
import { sha256 } from "../../../strict/canonical";
import { modelSubject } from "../../../trust/statement";
import { run } from "../../../cli/program";
import { compliantEvidence, digestOf } from "../../support/evidence";
import { annKey, provenanceOf } from "../../support/provenance";
import { signedLine, signersOf } from "../../support/signing";
import { temporaryFolder } from "./project";
import { capture } from "./streams";

/** An hour ago, so that nothing is from the future whenever a test runs. */
export const measuredAt = new Date(Date.now() - 3_600_000).toISOString();

/** Evidence that every gate of `judgedProject` lets pass, measured an hour ago. */
export function recentEvidence(): Evidence {
  const evidence = compliantEvidence();
  return { ...evidence, evaluator: { ...evidence.evaluator, evaluatedAt: measuredAt } };
}

/** The envelope by which Ann signs an evidence document. */
export function envelopeOf(document: string, { model }: Evidence = recentEvidence()): string {
  const evidence = sha256(document);
  const subject = {
    name: artifactPath("evidence", model),
    digest: { sha256: evidence.replace("sha256:", "") },
  };
  return signedLine(annKey, "evidence", { evidence, signedAt: measuredAt }, [
    subject,
    modelSubject(model),
  ]);
}

/**
 * A project of which nothing runs: settings, signers, one signed evidence document and one signed provenance, committed on
 * main.
 */
export function judgedProject(config = "", files: Record<string, string> = {}) {
  const document = JSON.stringify(recentEvidence());
  const project = temporaryFolder({
    "Pulumi.yaml": "name: judged\nruntime: nodejs\n",
    "Pulumi.staging.yaml": `config:
  tollgate:tier: staging
  tollgate:model: churn-model
  tollgate:evaluation: { data: eval.csv, label: label, digest: "${digestOf("d")}" }
${config}`,
    "signers/staging.allowed_signers": signersOf({ key: annKey, principals: ["ann@example.com"] }),
    "evidence.json": document,
    "evidence.dsse.json": envelopeOf(document),
    "provenance.dsse.json": provenanceOf(),
    ...files,
  });
  const git = (...args: string[]) => execFileSync("git", ["-C", project.dir, ...args]);
  git("init", "--quiet", "--initial-branch=main");
  git("add", "--all");
  const who = ["-c", "user.name=Ann", "-c", "user.email=ann@example.com"];
  git(...who, "-c", "commit.gpgsign=false", "commit", "--quiet", "--message", "start");
  return project;
}

/** Runs one command line in this process. */
export async function tollgate(...words: string[]) {
  const streams = capture();
  const code = await run(words, streams);
  return { code, out: streams.out(), err: streams.err() };
}
