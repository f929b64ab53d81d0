import * as pulumi from "@pulumi/pulumi";
import { registryAddress, releasePlace, type Settings } from "../config/settings";
import type { PinnedVersion } from "../policies/gate";
import { StageAliasMark } from "../provider/resources";
import { typeToken } from "./type-token";
import { onlyFor } from "./model-pin";

export interface StageAliasArgs {
  readonly settings: Settings;
  readonly pin: PinnedVersion;
  /** From `ModelServing.released`: the registry is told only what callers already get. */
  readonly released: pulumi.Input<string>;
}

/**
 * The registry's own mark of the pin: alias, and the legacy stage for older clients.
 *
 * @example new StageAlias("stage-alias", { settings, pin, released: serving.released });
 */
export class StageAlias extends pulumi.ComponentResource {
  static readonly type = typeToken("StageAlias");
  readonly alias: pulumi.Output<string>;

  constructor(name: string, args: StageAliasArgs, opts?: pulumi.ComponentResourceOptions) {
    const { settings, pin } = args;
    super(StageAlias.type, name, { alias: settings.alias, stage: settings.stage, pin }, opts);
    const mark = new StageAliasMark(
      `${name}-mark`,
      {
        ...releasePlace(settings),
        registry: registryAddress(settings),
        model: pin.name,
        // Through the release, so that the mark follows the traffic and never leads it.
        version: pulumi.output(args.released).apply((digest) => onlyFor(pin, digest, pin.version)),
        alias: settings.alias,
        stage: settings.stage,
      },
      { parent: this },
    );
    this.alias = mark.alias;
    this.registerOutputs({ alias: this.alias });
  }
}
