import { RegistryError } from "../errors";

/** One file below an artifact folder. */
export interface ArtifactFile {
  /** Relative to the folder, with `/`. */
  readonly path: string;
  readonly sizeBytes: number;
}

/** A folder in an artifact store: a model version's files, or the place for them. */
export interface ArtifactFolder {
  readonly uri: string;
  /** Every file below, in no given order; none when there is nothing. */
  list(): Promise<ArtifactFile[]>;
  read(path: string): Promise<AsyncIterable<Uint8Array>>;
  /** Stores a file; `bytes` is called when the transfer starts. */
  write(file: ArtifactFile, bytes: () => AsyncIterable<Uint8Array>): Promise<void>;
  /** Deletes the folder with all below it. Succeeds when it is gone already. */
  remove(): Promise<void>;
}

/**
 * The path as it may be joined to a folder. A listing comes from a server, so a path that would leave the folder
 * is refused before anything is read or written by it.
 */
export function safePath(path: string, uri: string): string {
  const steps = path.split("/");
  if (path.includes("\\") || steps.some((step) => step === "" || step === "." || step === "..")) {
    throw new RegistryError(
      "refused",
      `The artifact listing of ${uri} names ${JSON.stringify(path)}, which is not a plain relative path; see what was stored there.`,
    );
  }
  return path;
}

/** An address one or more steps below another. */
export function joinUri(uri: string, path: string): string {
  return path ? `${uri.replace(/\/+$/, "")}/${path}` : uri;
}
