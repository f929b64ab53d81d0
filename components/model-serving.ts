import * as pulumi from "@pulumi/pulumi";
import type { AdmittedAnswers } from "../admission/candidate";
import { registryAddress, type Settings } from "../config/settings";
import type { PinnedVersion } from "../policies/gate";
import type { Runtime } from "../runtimes/contract";
import { typeToken } from "./type-token";

export interface ModelServingArgs {
  readonly runtime: Runtime;
  readonly settings: Settings;
  readonly pin: PinnedVersion;
  /** From `ModelPin.modelUri`: a refused pin stops here. */
  readonly modelUri: pulumi.Input<string>;
  readonly trackingUri: pulumi.Input<string>;
  /** From `ModelPin.answers`: what the scorers must answer again. */
  readonly answers: pulumi.Input<AdmittedAnswers | null>;
}

/**
 * The scorers of the pinned version, checked before traffic moves to them and watched after it.
 *
 * @example new ModelServing("model-serving", { runtime, settings, pin, modelUri, trackingUri, answers });
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
    const { settings, pin } = args;
    const registry = registryAddress(settings);
    const parts = args.runtime.serving(
      name,
      {
        settings,
        modelUri: args.modelUri,
        version: pin.version,
        digest: pin.digest,
        trackingUri: args.trackingUri,
        answers: pulumi
          .output(args.answers)
          .apply((answers) => answers && { registry, model: pin.name, ...answers }),
      },
      { parent: this, dependsOn: opts?.dependsOn },
    );
    this.url = parts.url;
    this.released = parts.released;
    this.registerOutputs({ url: this.url, released: this.released });
  }
}
