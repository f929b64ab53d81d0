import type * as pulumi from "@pulumi/pulumi";
import type { Settings } from "../config/settings";
import type { ReleaseAnswers } from "../provider/inputs";

/** Where artifact bytes go, and the files a client needs to reach them. Values, never secrets. */
export interface ArtifactStoreParts {
  /** What the tracking server writes to: `file:///…` or `s3://bucket`. */
  readonly destination: pulumi.Output<string>;
  /** Environment for a client of the store: paths of credential files, endpoint. No secret values. */
  readonly environment: Readonly<Record<string, pulumi.Input<string>>>;
  /** Fingerprints of the Secrets that a client reads, by the Secret's name; a change rolls the client. */
  readonly secrets?: Readonly<Record<string, pulumi.Output<string>>>;
  /** What a client waits for, where no value above says it. */
  readonly resources?: readonly pulumi.Resource[];
}

export interface TrackingServerParts {
  readonly uri: pulumi.Output<string>;
}

export interface ServingParts {
  /** Where callers reach the model. */
  readonly url: pulumi.Output<string>;
  /** Known once traffic has moved to the pinned version and was watched. */
  readonly released: pulumi.Output<string>;
}

export interface ServingInputs {
  readonly settings: Settings;
  /** `models:/<name>/<version>` of an admitted pin; made from the admission, so a refusal stops here. */
  readonly modelUri: pulumi.Input<string>;
  /** Digest of the pinned bytes, plain: scorers are named by it. */
  readonly digest: string;
  readonly version: string;
  readonly trackingUri: pulumi.Input<string>;
  /** What the scorers must answer again; null where the evidence is of before answers were kept. */
  readonly answers: pulumi.Input<ReleaseAnswers | null>;
}

/** What an environment is made of. Every runtime passes the same contract tests. */
export interface Runtime {
  /** What everything else stands in, such as a namespace: options for the rest of the environment's components. */
  foundation(name: string, settings: Settings): pulumi.ComponentResourceOptions;
  artifactStore(
    name: string,
    settings: Settings,
    opts: pulumi.ComponentResourceOptions,
  ): ArtifactStoreParts;
  trackingServer(
    name: string,
    settings: Settings,
    store: ArtifactStoreParts,
    opts: pulumi.ComponentResourceOptions,
  ): TrackingServerParts;
  serving(name: string, inputs: ServingInputs, opts: pulumi.ComponentResourceOptions): ServingParts;
}
