import type * as pulumi from "@pulumi/pulumi";
import type { Settings } from "../../config/settings";
import type { Keeper } from "../keeper";
import type { ExternalSecret, SecretParts, SecretRuntime } from "../secret";

/** Key of the Secret that opens a database, in a cluster: the whole address, `postgresql://…`. */
export const databaseUrlKey = "url";

/** A PostgreSQL, as the tracking server opens it. */
export interface DatabaseParts {
  /** `host:port`; null where `secret` holds the whole address. */
  readonly address: pulumi.Output<string> | null;
  /** The password, or the whole address with it. */
  readonly secret: SecretParts;
  /** To be up before anybody connects, beside the secret. */
  readonly resources: readonly pulumi.Resource[];
}

/** What a runtime does for a database. */
export interface DatabaseRuntime extends SecretRuntime {
  /**
   * Runs the environment's own PostgreSQL, with a password made for it. Null where the settings want a SQLite file, which
   * lies with the tracking server.
   */
  database(
    name: string,
    settings: Settings,
    opts: pulumi.ComponentResourceOptions,
  ): DatabaseParts | null;
}

/** The one who keeps an environment's database. */
export interface DatabaseBacking {
  readonly keptBy: Keeper;
  /** The Secret of somebody else's that opens it; null where there is none. */
  readonly secret: ExternalSecret | null;
  /**
   * Declares what there is to declare of it.
   *
   * @param name prefix of the resources' names
   * @returns null for a SQLite file, which lies with the tracking server
   */
  declare(
    runtime: DatabaseRuntime,
    name: string,
    opts: pulumi.ComponentResourceOptions,
  ): DatabaseParts | null;
}
