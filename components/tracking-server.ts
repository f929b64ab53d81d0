import * as pulumi from "@pulumi/pulumi";
import { backingsOf } from "../backings";
import type { Settings } from "../config/settings";
import type { Runtime } from "../runtimes/contract";
import type { ArtifactStore } from "./artifact-store";
import { typeToken } from "./type-token";

export interface TrackingServerArgs {
  readonly runtime: Runtime;
  readonly settings: Settings;
  readonly store: ArtifactStore;
}

/**
 * This environment's MLflow server and its database, shared with no other environment; or the address of a registry that is
 * kept elsewhere.
 *
 * @example new TrackingServer("tracking-server", { runtime, settings, store });
 */
export class TrackingServer extends pulumi.ComponentResource {
  static readonly type = typeToken("TrackingServer");
  /** Base address of the server, for `MLFLOW_TRACKING_URI`. */
  readonly uri: pulumi.Output<string>;

  constructor(name: string, args: TrackingServerArgs, opts?: pulumi.ComponentResourceOptions) {
    const { runtime, settings } = args;
    const { uri, managed } = settings.trackingServer;
    super(TrackingServer.type, name, { uri, managed }, opts);
    const backings = backingsOf(settings);
    const store = args.store.parts;
    if (backings && store) {
      const below = { parent: this, dependsOn: opts?.dependsOn };
      const database = backings.database.declare(runtime, name, below);
      this.uri = runtime.trackingServer(name, { settings, database, store }, below).uri;
    } else {
      // The registry is kept elsewhere.
      this.uri = pulumi.output(uri);
    }
    this.registerOutputs({ uri: this.uri });
  }
}
