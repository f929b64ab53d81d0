import { fileURLToPath } from "node:url";
import type { RegistryClient } from "../client";
import { RegistryError } from "../errors";
import type { ArtifactFolder } from "./artifact-folder";

/** Opens an artifact address. Throws `refused` for a kind of store that is not supported. */
export async function openArtifactFolder(
  client: RegistryClient,
  uri: string,
): Promise<ArtifactFolder> {
  if (uri.startsWith("mlflow-artifacts:")) {
    const { ProxiedFolder } = await import("./proxied-folder");
    return new ProxiedFolder(client, uri);
  }
  if (uri.startsWith("s3:")) {
    const { S3Folder } = await import("./s3-folder");
    return S3Folder.open(uri, client.options);
  }
  const { LocalFolder } = await import("./local-folder");
  if (uri.startsWith("file:")) {
    return new LocalFolder(uri, fileURLToPath(uri));
  }
  if (uri.startsWith("/")) {
    return new LocalFolder(uri, uri);
  }
  throw new RegistryError(
    "refused",
    `The artifact address ${uri} is of a kind that can't be read here; keep artifacts behind the registry's proxy (mlflow-artifacts:/), in S3 or in a folder.`,
  );
}
