import type * as pulumi from "@pulumi/pulumi";
import type { Settings } from "../../config/settings";
import type { Keeper } from "../keeper";
import type { ExternalSecret, SecretParts, SecretRuntime } from "../secret";

/** Keys of the Secret that opens an S3 store, in a cluster; S3 clients know them as variables of the same names. */
export const storeKeys = {
  access: "AWS_ACCESS_KEY_ID",
  secret: "AWS_SECRET_ACCESS_KEY",
} as const;

/** Where artifact bytes go, and how a client gets at them. Values, never secrets. */
export interface ArtifactStoreParts {
  /** What the tracking server writes to: `file:///…` or `s3://bucket`. */
  readonly destination: pulumi.Input<string>;
  /** Environment for a client of the store: paths of credential files, endpoint. No secret values. */
  readonly environment: Readonly<Record<string, pulumi.Input<string>>>;
  /** Secret with the store's keys, where a client is to start anew with it; null where there is none, or it is a file. */
  readonly secret: SecretParts | null;
  /** What a client waits for, where no value above says it. */
  readonly resources: readonly pulumi.Resource[];
}

/** What a runtime does for an artifact store. */
export interface ArtifactStoreRuntime extends SecretRuntime {
  /** Makes the environment's own store: a folder, or an S3 server with keys made for it. */
  artifactStore(
    name: string,
    settings: Settings,
    opts: pulumi.ComponentResourceOptions,
  ): ArtifactStoreParts;
}

/** The one who keeps an environment's artifact bytes. */
export interface ArtifactStoreBacking {
  readonly keptBy: Keeper;
  /** The Secret of somebody else's that opens it; null where there is none. */
  readonly secret: ExternalSecret | null;
  /**
   * Declares what there is to declare of it.
   *
   * @param name prefix of the resources' names
   */
  declare(
    runtime: ArtifactStoreRuntime,
    name: string,
    opts: pulumi.ComponentResourceOptions,
  ): ArtifactStoreParts;
}
