import * as pulumi from "@pulumi/pulumi";
import type { Candidate, GateConfigurations } from "../policies/gate";
import type { AdmissionInputs } from "../provider/inputs";
import { Admission } from "../provider/resources";
import { typeToken } from "./base";

export interface ModelPinArgs {
  /** The pinned version with its evidence: plain values, because a gate may not judge an unknown. */
  readonly candidate: Candidate;
  /** Thresholds in force, recorded with the pin. */
  readonly gates: GateConfigurations;
}

/**
 * The model version this environment serves, once the gates have admitted it.
 * Everything that serves takes `modelUri`, so a refused pin leaves nothing behind it.
 *
 * @example new ModelPin("model-pin", { candidate, gates: settings.gates });
 */
export class ModelPin extends pulumi.ComponentResource {
  static readonly type = typeToken("ModelPin");
  /** `models:/<name>/<version>`, known only when the pin was admitted. */
  readonly modelUri: pulumi.Output<string>;
  readonly admission: AdmissionInputs;

  constructor(name: string, args: ModelPinArgs, opts?: pulumi.ComponentResourceOptions) {
    super(ModelPin.type, name, { pin: args.candidate.pin }, opts);
    this.admission = admissionInputs(args);
    this.modelUri = new Admission(`${name}-admission`, this.admission, { parent: this }).modelUri;
    this.registerOutputs({ modelUri: this.modelUri });
  }
}

/** Pure, so what the gates will see is tested without an engine. */
export function admissionInputs({ candidate, gates }: ModelPinArgs): AdmissionInputs {
  return { ...candidate, approvals: [...candidate.approvals], gates };
}
