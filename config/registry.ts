import { wayInto } from "../cluster/way";
import type { RegistryClient } from "../registry/client";
import { connectRegistry } from "../registry/connect";
import { environment } from "./environment";
import { type Settings, throughCluster } from "./settings";

/**
 * A client for the registry of a stack, with the credentials that the environment holds for it. One inside a cluster is
 * reached by a tunnel, which the first request opens.
 */
export function registryClient(
  settings: Pick<Settings, "trackingServer" | "kubernetes">,
): RegistryClient {
  const { trackingServer } = settings;
  const cluster = throughCluster(settings);
  return connectRegistry(
    trackingServer,
    environment(trackingServer.tokenVariable),
    cluster && wayInto(cluster, trackingServer.uri),
  );
}
