import * as pulumi from "@pulumi/pulumi";
import type { Settings } from "../config/settings";
import type { Runtime } from "../runtimes/contract";
import { typeToken } from "./type-token";

export interface FoundationArgs {
  /** Of a runtime that has one. */
  readonly foundation: NonNullable<Runtime["foundation"]>;
  readonly settings: Settings;
}

/**
 * What the rest of an environment stands in, such as a cluster's namespace, its roles and its network policies.
 *
 * @example const below = Foundation.belowOf("foundation", { runtime, settings });
 */
export class Foundation extends pulumi.ComponentResource {
  static readonly type = typeToken("Foundation");
  /** Options for everything else of the environment: where it goes, and what it waits for. */
  readonly below: pulumi.ComponentResourceOptions;

  constructor(name: string, args: FoundationArgs, opts?: pulumi.ComponentResourceOptions) {
    const { foundation, settings } = args;
    const { place, providers, declare } = foundation(name, settings);
    super(
      Foundation.type,
      name,
      // The state folder tells the policy pack which stack it judges.
      { stateDir: settings.stateDir, ...place },
      { ...opts, providers },
    );
    this.below = { providers, dependsOn: declare({ parent: this }) };
    this.registerOutputs(place);
  }

  /** Declares the foundation where the runtime has one, and gives the options for everything else of the environment. */
  static belowOf(
    name: string,
    { runtime, settings }: { readonly runtime: Runtime; readonly settings: Settings },
  ): pulumi.ComponentResourceOptions {
    const { foundation } = runtime;
    return foundation === null ? {} : new Foundation(name, { foundation, settings }).below;
  }
}
