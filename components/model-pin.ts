import * as pulumi from "@pulumi/pulumi";
import type { FetchedCandidate } from "../policies/candidate";
import type { GateConfigurations, PinnedVersion } from "../policies/gate";
import type { AdmissionInputs } from "../provider/inputs";
import { Admission } from "../provider/resources";
import { typeToken } from "./base";

export interface ModelPinArgs {
  /** The pinned version with its evidence: plain values, because a gate may not judge an unknown. */
  readonly candidate: FetchedCandidate;
  /** The stack's state folder. */
  readonly stateDir: string;
  /** Thresholds in force, recorded with the pin. */
  readonly gates: GateConfigurations;
}

/**
 * The model version this environment serves, once the gates have admitted it.
 * Everything that serves takes `modelUri`, so a refused pin leaves nothing behind it.
 *
 * @example new ModelPin("model-pin", { candidate, gates: settings.gates, stateDir: settings.stateDir });
 */
export class ModelPin extends pulumi.ComponentResource {
  static readonly type = typeToken("ModelPin");
  /** `models:/<name>/<version>`, known only when the pin was admitted. */
  readonly modelUri: pulumi.Output<string>;
  readonly admission: AdmissionInputs;

  constructor(name: string, args: ModelPinArgs, opts?: pulumi.ComponentResourceOptions) {
    super(ModelPin.type, name, { pin: args.candidate.pin }, opts);
    this.admission = admissionInputs(args);
    const admitted = new Admission(`${name}-admission`, this.admission, { parent: this });
    this.modelUri = pulumi
      .all([admitted.modelUri, admitted.pin.digest])
      .apply(([uri, digest]) => onlyFor(args.candidate.pin, digest, uri));
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

/** Pure, so what the gates will see is tested without an engine. */
export function admissionInputs({ candidate, gates, stateDir }: ModelPinArgs): AdmissionInputs {
  const { stack, pin, document, problem, evidenceSignature, registryDigest } = candidate;
  const { evaluationDigest, approvals, waivers, trust, soaked, pack, lowered, history, judgedAt } =
    candidate;
  return {
    stack,
    stateDir,
    pin,
    evidence: document,
    problem,
    evidenceSignature,
    registryDigest,
    evaluationDigest,
    approvals: [...approvals],
    waivers: [...waivers],
    trust,
    soaked: soaked && [...soaked],
    pack,
    lowered: [...lowered],
    gates,
    history,
    judgedAt,
  };
}
