import * as pulumi from "@pulumi/pulumi";
import type { Settings } from "../config/settings";
import type { PinnedVersion } from "../policies/gate";
import type { Runtime } from "../runtimes/contract";
import { typeToken } from "./base";

export interface ModelServingArgs {
  readonly runtime: Runtime;
  readonly settings: Settings;
  readonly pin: PinnedVersion;
  /** From `ModelPin.modelUri`: a refused pin stops here. */
  readonly modelUri: pulumi.Input<string>;
  readonly trackingUri: pulumi.Input<string>;
}

/**
 * The scorers of the pinned version, checked before traffic moves to them and watched after it.
 *
 * @example new ModelServing("model-serving", { runtime, settings, pin, modelUri, trackingUri });
 */
export class ModelServing extends pulumi.ComponentResource {
  static readonly type = typeToken("ModelServing");
  /** Where callers reach the model; the scorer answers `/predict`, `/invocations` and `/health` under it. */
  readonly url: pulumi.Output<string>;
  /** Digest of the bytes that answer, known once traffic has moved and was watched. */
  readonly released: pulumi.Output<string>;

  constructor(name: string, args: ModelServingArgs, opts?: pulumi.ComponentResourceOptions) {
    super(
      ModelServing.type,
      name,
      { pin: args.pin, replicas: args.settings.scorer.replicas },
      opts,
    );
    const parts = args.runtime.serving(
      name,
      {
        settings: args.settings,
        modelUri: args.modelUri,
        version: args.pin.version,
        digest: args.pin.digest,
        trackingUri: args.trackingUri,
      },
      { parent: this, dependsOn: opts?.dependsOn },
    );
    this.url = parts.url;
    this.released = parts.released;
    this.registerOutputs({ url: this.url, released: this.released });
  }
}
