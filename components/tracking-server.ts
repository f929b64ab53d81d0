import * as pulumi from "@pulumi/pulumi";
import type { Settings } from "../config/settings";
import type { Runtime } from "../runtimes/contract";
import { typeToken } from "../runtimes/type-token";
import type { ArtifactStore } from "./artifact-store";

export interface TrackingServerArgs {
  readonly runtime: Runtime;
  readonly settings: Settings;
  readonly store: ArtifactStore;
}

/**
 * This environment's MLflow server and its database, shared with no other environment.
 *
 * @example new TrackingServer("tracking-server", { runtime, settings, store });
 */
export class TrackingServer extends pulumi.ComponentResource {
  static readonly type = typeToken("TrackingServer");
  /** Base address of the server, for `MLFLOW_TRACKING_URI`. */
  readonly uri: pulumi.Output<string>;

  constructor(name: string, args: TrackingServerArgs, opts?: pulumi.ComponentResourceOptions) {
    const { uri, managed } = args.settings.trackingServer;
    super(TrackingServer.type, name, { uri, managed }, opts);
    this.uri = args.runtime.trackingServer(name, args.settings, args.store.parts, {
      parent: this,
      dependsOn: opts?.dependsOn,
    }).uri;
    this.registerOutputs({ uri: this.uri });
  }
}
