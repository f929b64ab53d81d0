import * as pulumi from "@pulumi/pulumi";
import { backingsOf } from "../backings";
import type { ArtifactStoreParts } from "../backings/artifact-store/backing";
import type { Settings } from "../config/settings";
import type { Runtime } from "../runtimes/contract";
import { typeToken } from "./type-token";

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
  /** Null: the bytes are kept with a registry elsewhere. */
  readonly parts: ArtifactStoreParts | null;

  constructor(name: string, args: ArtifactStoreArgs, opts?: pulumi.ComponentResourceOptions) {
    const { runtime, settings } = args;
    super(ArtifactStore.type, name, { kind: settings.artifactStore.kind }, opts);
    const below = { parent: this, dependsOn: opts?.dependsOn };
    this.parts = backingsOf(settings)?.artifactStore.declare(runtime, name, below) ?? null;
    this.registerOutputs({ destination: this.parts?.destination ?? null });
  }
}
