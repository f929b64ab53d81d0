import { createHash } from "node:crypto";
import type { ReleaseAnswers } from "../../provider/inputs";
import { keptAnswersLimits, type NamedAnswers } from "../../registry/kept-answers";
import { standIn } from "../registry/stand-in";
import { digestOf, pin } from "./evidence";

/** Kept answers of the pinned version: rows of two columns, answered by whether the first is above a half. */
export function keptAnswers(rows = 400) {
  const kept = Array.from({ length: rows }, (_, index) => [index / rows, index % 7]);
  return {
    schema: "tollgate.answers/1",
    model: { ...pin },
    data: digestOf("d"),
    columns: ["tenure", "calls"] as string[] | null,
    rows: kept as (unknown[] | Record<string, unknown>)[],
    answers: kept.map(([first]) => (first! > 0.5 ? 1 : 0)) as unknown[],
  };
}

/** A document as its artifact, and what evidence says of it. */
export function storedAnswers(document: { rows: unknown[] } | string): {
  bytes: Buffer;
  named: NamedAnswers;
} {
  const text = typeof document === "string" ? document : JSON.stringify(document);
  const bytes = Buffer.from(text);
  const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
  const rows = typeof document === "string" ? 1 : document.rows.length;
  return { bytes, named: { digest, rows } };
}

/** A registry that has a version's kept answers in its run, and what a release is told of them. */
export async function registryWith(
  document: ReturnType<typeof keptAnswers>,
  task: ReleaseAnswers["task"] = "classification",
): Promise<{ answers: ReleaseAnswers; close(): Promise<void> }> {
  const { bytes, named } = storedAnswers(document);
  const { name, version } = document.model;
  const known = { name, version, status: "READY", run_id: "r1" };
  const server = await standIn(({ url }) =>
    url.startsWith("/get-artifact?")
      ? { body: bytes.toString() }
      : { body: { model_version: known } },
  );
  const registry = {
    uri: server.uri,
    caFile: null,
    tokenVariable: "MLFLOW_TRACKING_TOKEN",
    timeoutSeconds: 5,
    cluster: null,
  };
  return { answers: { registry, model: name, ...named, task }, close: () => server.close() };
}

/** More bytes than a document may have. */
export const tooManyBytes = keptAnswersLimits.bytes + 1;
