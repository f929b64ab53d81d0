import * as pulumi from "@pulumi/pulumi";
import type { Settings } from "../config/settings";
import type { ArtifactStoreParts, Runtime } from "../runtimes/contract";
import { typeToken } from "../runtimes/type-token";

export interface ArtifactStoreArgs {
  readonly runtime: Runtime;
  readonly settings: Settings;
}

/**
 * Where this environment's model bytes lie: a folder, or an S3 bucket with credentials of its own.
 * The bytes are kept when the stack is destroyed.
 *
 * @example new ArtifactStore("artifact-store", { runtime, settings });
 */
export class ArtifactStore extends pulumi.ComponentResource {
  static readonly type = typeToken("ArtifactStore");
  readonly parts: ArtifactStoreParts;

  constructor(name: string, args: ArtifactStoreArgs, opts?: pulumi.ComponentResourceOptions) {
    super(ArtifactStore.type, name, { kind: args.settings.artifactStore.kind }, opts);
    this.parts = args.runtime.artifactStore(name, args.settings, {
      parent: this,
      dependsOn: opts?.dependsOn,
    });
    this.registerOutputs({ destination: this.parts.destination });
  }
}
