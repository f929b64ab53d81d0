import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { RegistryError } from "../errors";
import { filesBelow } from "../files-below";
import type { ArtifactFile, ArtifactFolder } from "./artifact-folder";

/** A folder on this machine: a registry without artifact proxy that keeps its files here. */
export class LocalFolder implements ArtifactFolder {
  constructor(
    readonly uri: string,
    private readonly folder: string,
  ) {}

  async list(): Promise<ArtifactFile[]> {
    const paths = await filesBelow(this.folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") {
        return [];
      }
      throw error.code ? this.#failure("list", error) : error;
    });
    return Promise.all(
      paths.map(async (path) => ({ path, sizeBytes: (await stat(join(this.folder, path))).size })),
    );
  }

  async read(path: string): Promise<AsyncIterable<Uint8Array>> {
    await stat(join(this.folder, path)).catch((error: NodeJS.ErrnoException) => {
      throw this.#failure(`read "${path}" of`, error);
    });
    return createReadStream(join(this.folder, path));
  }

  async write({ path }: ArtifactFile, bytes: () => AsyncIterable<Uint8Array>): Promise<void> {
    const target = join(this.folder, path);
    try {
      await mkdir(dirname(target), { recursive: true });
      await pipeline(bytes(), createWriteStream(target));
    } catch (error) {
      throw this.#failure(`write "${path}" to`, error as NodeJS.ErrnoException);
    }
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }

  #failure(verb: string, error: NodeJS.ErrnoException): RegistryError {
    const kind = error.code === "ENOENT" ? "not-found" : "refused";
    return new RegistryError(
      kind,
      `Could not ${verb} the artifact folder ${this.folder} (${error.code ?? error.message}); see whether it is on this machine and yours to use.`,
    );
  }
}
