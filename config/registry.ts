import type { ClusterAddress } from "../cluster/address";
import { wayInto } from "../cluster/way";
import type { RegistryClient } from "../registry/client";
import { connectRegistry } from "../registry/connect";
import { type CredentialSource, credentialsInFile } from "../registry/credentials";
import type { Credentials } from "../registry/http";
import { environment } from "./environment";
import { type Settings, throughCluster } from "./settings";

/**
 * A client for the registry of a stack, with its own credentials or those that the environment holds for it. One inside a
 * cluster is reached by a tunnel, which the first request opens.
 */
export function registryClient(
  settings: Pick<Settings, "stack" | "trackingServer" | "kubernetes">,
): RegistryClient {
  const { stack, trackingServer, kubernetes } = settings;
  const cluster = throughCluster(settings);
  return connectRegistry(
    {
      ...trackingServer,
      startedBy: trackingServer.managed ? `tollgate up --stack ${stack}` : null,
    },
    environment(trackingServer.tokenVariable),
    cluster && wayInto(cluster, trackingServer.uri),
    ownCredentials(trackingServer.credentials, kubernetes?.cluster ?? null),
  );
}

/**
 * Reads the credentials of an environment's own registry, a file each time anew and a Secret once; null for a registry that
 * has none of its own.
 *
 * @param cluster that a Secret is in
 */
export function ownCredentials(
  source: CredentialSource | null | undefined,
  cluster: ClusterAddress | null,
): (() => Promise<Credentials>) | null {
  if (!source) return null;
  if ("passwordFile" in source) return () => credentialsInFile(source.passwordFile);
  if (!cluster) return null;
  let known: Credentials | undefined;
  return async () => (known ??= await credentialsInSecret(cluster, source.secretName));
}

/** Nothing while there is no such Secret: the registry isn't made yet, or doesn't want a password yet. */
async function credentialsInSecret(cluster: ClusterAddress, name: string): Promise<Credentials> {
  const { connectCluster } = await import("../cluster/connect");
  const path = `/api/v1/namespaces/${cluster.namespace}/secrets/${name}`;
  const secret = await (
    await connectCluster(cluster)
  ).find<{ data?: Readonly<Record<string, string>> }>(path);
  const value = (key: string) => {
    const encoded = secret?.data?.[key];
    return encoded === undefined ? undefined : Buffer.from(encoded, "base64").toString("utf8");
  };
  return {
    token: value("MLFLOW_TRACKING_TOKEN"),
    username: value("MLFLOW_TRACKING_USERNAME"),
    password: value("MLFLOW_TRACKING_PASSWORD"),
  };
}
