import type * as pulumi from "@pulumi/pulumi";
import type { Settings } from "../config/settings";

/** A Secret that somebody else keeps and this stack reads. */
export interface ExternalSecret {
  readonly name: string;
  /** Keys that it must have. */
  readonly keys: readonly string[];
}

/** A secret as servers read it: where it is, never what is in it. */
export interface SecretParts {
  /** In a cluster the name of a Secret; on this machine the absolute path of a file. */
  readonly place: string;
  /** Changes with the secret's values: whoever reads it starts anew then. */
  readonly fingerprint: pulumi.Output<string>;
  /** To be there before anybody reads it. */
  readonly resource: pulumi.Resource;
}

/** What a runtime does about Secrets that somebody else keeps. */
export interface SecretRuntime {
  /**
   * Makes sure that one is there and has its keys. Null for a runtime whose settings can't name one.
   *
   * @param secretName as the settings name it
   */
  readonly externalSecret:
    | ((
        name: string,
        settings: Settings,
        secretName: string,
        opts: pulumi.ComponentResourceOptions,
      ) => SecretParts)
    | null;
}

/**
 * Declares a Secret that somebody else keeps.
 *
 * @param name of the resource
 * @throws Error for a runtime that has none, which settings that were checked can't ask for
 */
export function declareExternalSecret(
  { externalSecret }: SecretRuntime,
  name: string,
  settings: Settings,
  secretName: string,
  opts: pulumi.ComponentResourceOptions,
): SecretParts {
  if (externalSecret === null) {
    throw new Error(
      `Stack ${settings.stack} names Secret ${secretName}, and runtime ${settings.runtime} reads none that somebody else keeps.`,
    );
  }
  return externalSecret(name, settings, secretName, opts);
}
