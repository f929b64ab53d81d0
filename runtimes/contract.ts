import type * as pulumi from "@pulumi/pulumi";
import type { ArtifactStoreParts, ArtifactStoreRuntime } from "../backings/artifact-store/backing";
import type { DatabaseParts, DatabaseRuntime } from "../backings/database/backing";
import type { Settings } from "../config/settings";
import type { ReleaseAnswers } from "../provider/inputs";

/** What everything else of an environment stands in. */
export interface FoundationParts {
  /** Which place it is, shown to the engine and to the policy pack. Plain values, no secrets. */
  readonly place: Readonly<Record<string, string | null>>;
  /** Engine's providers that make everything there. */
  readonly providers: pulumi.ProviderResource[];
  /**
   * Declares what is in it before anything else.
   *
   * @returns what the rest of the environment waits for
   */
  declare(opts: pulumi.CustomResourceOptions): pulumi.Resource[];
}

/** What the tracking server works with, whoever keeps it. */
export interface TrackingServerInputs {
  readonly settings: Settings;
  /** Null: a SQLite file that lies with the server. */
  readonly database: DatabaseParts | null;
  readonly store: ArtifactStoreParts;
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

/**
 * What an environment is made of: what the runtime runs for backings of the stack's own, and what is the same whoever
 * keeps the data. Every runtime passes the same contract tests.
 */
export interface Runtime extends DatabaseRuntime, ArtifactStoreRuntime {
  /** Null for a runtime whose servers need nothing made before them. */
  readonly foundation: ((name: string, settings: Settings) => FoundationParts) | null;
  /** The environment's own MLflow server. */
  trackingServer(
    name: string,
    inputs: TrackingServerInputs,
    opts: pulumi.ComponentResourceOptions,
  ): TrackingServerParts;
  serving(name: string, inputs: ServingInputs, opts: pulumi.ComponentResourceOptions): ServingParts;
}
