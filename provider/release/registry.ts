import type { RegistryClient } from "../../registry/client";
import type { RegistryAddress } from "../inputs";

/**
 * A client of a stack's registry, with its own credentials or those of the caller's environment. One inside a cluster is reached by
 * a tunnel, which the first request opens.
 */
export async function openRegistry(
  address: RegistryAddress,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<RegistryClient> {
  const { connectRegistry } = await import("../../registry/connect");
  const { wayInto } = await import("../../cluster/way");
  const { ownCredentials } = await import("../../config/registry");
  const { cluster, uri, credentials } = address;
  return connectRegistry(
    address,
    environment,
    cluster && wayInto(cluster, uri),
    ownCredentials(credentials, cluster),
  );
}

/** The version an alias points at; null when there is no such alias or no such model. */
export async function aliasVersion(
  registry: RegistryClient,
  model: string,
  alias: string,
): Promise<string | null> {
  const { isRegistryError } = await import("../../registry/errors");
  try {
    return (await registry.getModelVersionByAlias(model, alias)).version;
  } catch (error) {
    if (isRegistryError(error, "not-found")) return null;
    throw error;
  }
}
