import { createHash } from "node:crypto";

/** What Tollgate keeps about a version among its run's artifacts. */
export type VersionDocument = "evidence" | "answers" | "provenance";

/** A document itself, or the DSSE envelope that signs it. */
export type DocumentEnding = ".json" | ".dsse.json";

/** A version with its bytes. */
interface Version {
  readonly name: string;
  readonly version: string;
  readonly digest: string;
}

/**
 * Artifact path of a document about a version, inside the version's run. Versions of several models may come from one
 * run, as a copied version does, and may share even their number, so the path is made from name, number and digest. These
 * are hashed, because a model's name may hold what a path can't, at any length.
 *
 * `serving/tollgate_serving/artifacts.py` makes the same names; both are tested on `serving/tests/artifact_vectors.json`.
 */
export function artifactPath(
  document: VersionDocument,
  { name, version, digest }: Version,
  ending: DocumentEnding = ".json",
): string {
  const key = createHash("sha256").update(`models:/${name}/${version}@${digest}`).digest("hex");
  return `tollgate/${document}-${version}-${key.slice(0, 32)}${ending}`;
}

/** Where evidence was kept before, by the version's number alone. Read where there is none at its own path. */
export function formerEvidencePath(version: string, ending: DocumentEnding = ".json"): string {
  return `tollgate/evidence-${version}${ending}`;
}
