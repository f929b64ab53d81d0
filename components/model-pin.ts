import * as pulumi from "@pulumi/pulumi";
import {
  admissionInputs,
  type AdmittedAnswers,
  answersIn,
  type FetchedCandidate,
} from "../admission/candidate";
import type { AdmissionInputs } from "../policies/admission-inputs";
import type { GateConfigurations, PinnedVersion } from "../policies/gate";
import { Admission } from "../provider/resources";
import { typeToken } from "./type-token";

export interface ModelPinArgs {
  /** The pinned version with its evidence: plain values, because a gate may not judge an unknown. */
  readonly candidate: FetchedCandidate;
  /** The stack's state folder. */
  readonly stateDir: string;
  /** Cluster that callers are served in; null: this machine. */
  readonly cluster: NonNullable<AdmissionInputs["cluster"]> | null;
  /** Thresholds in force, recorded with the pin. */
  readonly gates: GateConfigurations;
}

/**
 * The model version this environment serves, once the gates have admitted it.
 * Everything that serves takes `modelUri`, so a refused pin leaves nothing behind it.
 *
 * @example new ModelPin("model-pin", { candidate, gates, stateDir, cluster: null });
 */
export class ModelPin extends pulumi.ComponentResource {
  static readonly type = typeToken("ModelPin");
  /** `models:/<name>/<version>`, known only when the pin was admitted. */
  readonly modelUri: pulumi.Output<string>;
  /** The kept answers that the admitted evidence names; null where it names none. */
  readonly answers: pulumi.Output<AdmittedAnswers | null>;
  readonly admission: AdmissionInputs;

  constructor(name: string, args: ModelPinArgs, opts?: pulumi.ComponentResourceOptions) {
    super(ModelPin.type, name, { pin: args.candidate.pin }, opts);
    this.admission = admissionInputs(args);
    const admitted = new Admission(`${name}-admission`, this.admission, { parent: this });
    this.modelUri = pulumi
      .all([admitted.modelUri, admitted.pin.digest])
      .apply(([uri, digest]) => onlyFor(args.candidate.pin, digest, uri));
    // Of the document that was admitted, which under `--target` may be another than the registry has now.
    this.answers = pulumi
      .all([admitted.evidence, admitted.pin.digest])
      .apply(([document, digest]) => onlyFor(args.candidate.pin, digest, answersIn(document)));
    this.registerOutputs({ modelUri: this.modelUri });
  }
}

/**
 * A value that stands for the bytes with one digest, when those are the pinned ones. Under `--target` the engine leaves
 * out what wasn't named and gives its recorded values: without the steps before it, none may go on with another version.
 *
 * @throws RunError that says to run the whole update
 */
export function onlyFor<T>(pin: PinnedVersion, digest: string, value: T): T {
  if (digest === pin.digest) return value;
  throw new pulumi.RunError(
    `${pin.name} v${pin.version} (${pin.digest}) was not admitted and released in order: the step before has ${digest}; run the update without --target.`,
  );
}
