import type { RegistryClient } from "../registry/client";
import { connectRegistry } from "../registry/connect";
import { environment } from "./environment";
import type { Settings } from "./settings";

/** A client for the registry of a stack, with the credentials that the environment holds for it. */
export function registryClient({
  trackingServer,
}: Pick<Settings, "trackingServer">): RegistryClient {
  return connectRegistry(trackingServer, environment(trackingServer.tokenVariable));
}
