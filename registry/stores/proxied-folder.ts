import type { RegistryClient } from "../client";
import { type ArtifactFile, type ArtifactFolder, joinUri, safePath } from "./artifact-folder";

/** A folder behind the registry's artifact proxy (`mlflow-artifacts:/…`). */
export class ProxiedFolder implements ArtifactFolder {
  constructor(
    private readonly client: RegistryClient,
    readonly uri: string,
  ) {}

  async list(): Promise<ArtifactFile[]> {
    const found: ArtifactFile[] = [];
    const folders = [""];
    for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
      for (const entry of await this.client.artifacts.listArtifactUri(joinUri(this.uri, folder))) {
        const path = safePath(folder ? `${folder}/${entry.path}` : entry.path, this.uri);
        if (entry.isDir) {
          folders.push(path);
        } else {
          found.push({ path, sizeBytes: entry.sizeBytes });
        }
      }
    }
    return found;
  }

  read(path: string): Promise<AsyncIterable<Uint8Array>> {
    return this.client.artifacts.downloadArtifactUri(joinUri(this.uri, path));
  }

  write({ path, sizeBytes }: ArtifactFile, bytes: () => AsyncIterable<Uint8Array>): Promise<void> {
    return this.client.artifacts.uploadArtifact(joinUri(this.uri, path), bytes, sizeBytes);
  }

  remove(): Promise<void> {
    return this.client.artifacts.deleteArtifactUri(this.uri);
  }
}
