import { RegistryClient } from "./client";
import type { CredentialSource } from "./credentials";
import type { Credentials, Way } from "./http";

/** How settings name a registry. Credentials are never among them, only the variable that holds the token. */
export interface RegistryAddress {
  readonly uri: string;
  readonly caFile: string | null;
  readonly tokenVariable: string;
  readonly timeoutSeconds: number;
  /** Of an environment's own registry. @default what the environment holds */
  readonly credentials?: CredentialSource | null;
  /** The command that starts it, for errors. @default none: somebody else keeps it */
  readonly startedBy?: string | null;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * A client for the registry of a stack's settings, with the credentials that the environment holds for it.
 *
 * @param way how it is reached when its address doesn't lead there from here
 * @param own reads the credentials of an environment's own registry; no others are sent then
 */
export function connectRegistry(
  address: RegistryAddress,
  environment: Environment,
  way: Way | null = null,
  own: (() => Promise<Credentials>) | null = null,
): RegistryClient {
  return new RegistryClient({
    uri: address.uri,
    caFile: address.caFile,
    timeoutSeconds: address.timeoutSeconds,
    credentials: own ?? credentialsFrom(environment, address.tokenVariable),
    environment,
    way,
    startedBy: address.startedBy,
  });
}

/** The token of the named variable, or MLflow's own user name and password; none of them is fine too. */
export function credentialsFrom(environment: Environment, tokenVariable: string): Credentials {
  return {
    token: environment[tokenVariable] || undefined,
    username: environment["MLFLOW_TRACKING_USERNAME"] || undefined,
    password: environment["MLFLOW_TRACKING_PASSWORD"] || undefined,
  };
}
