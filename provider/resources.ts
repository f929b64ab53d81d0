import * as pulumi from "@pulumi/pulumi";
import type { AdmissionInputs } from "../policies/admission-inputs";
import type { ProcessInputs, ProcessOutputs } from "../processes/process";
import type {
  AdmissionOutputs,
  ClusterReadyInputs,
  ClusterReleaseInputs,
  ClusterSecretInputs,
  ClusterSecretOutputs,
  CredentialInputs,
  CredentialOutputs,
  ReceiptInputs,
  ReleaseCheckInputs,
  RouteInputs,
  StageAliasInputs,
} from "./inputs";
import { tokens } from "../policies/resource-tokens";

/** A resource's inputs as a program gives them: outputs of other resources may stand in for values, at any depth. */
export type ArgumentsOf<T> = { [K in keyof T]: InputOf<T[K]> };
type InputOf<T> = pulumi.Input<
  T extends (infer Item)[]
    ? InputOf<Item>[]
    : T extends object
      ? { [K in keyof T]: InputOf<T[K]> }
      : T
>;

/** Outputs to ask of the engine, beside the inputs: their names with `undefined` until it answers. */
function unresolved<K extends string>(...names: K[]): Record<K, undefined> {
  return Object.fromEntries(names.map((name) => [name, undefined])) as Record<K, undefined>;
}

/** A generated secret in a file only the user can read; see `provider/types/credential.ts`. */
export class Credential extends pulumi.CustomResource {
  static readonly type = tokens.Credential;
  declare readonly path: pulumi.Output<CredentialOutputs["path"]>;
  declare readonly fingerprint: pulumi.Output<CredentialOutputs["fingerprint"]>;

  constructor(
    name: string,
    args: ArgumentsOf<CredentialInputs>,
    opts?: pulumi.CustomResourceOptions,
  ) {
    super(Credential.type, name, { ...unresolved("fingerprint"), ...args }, opts);
  }
}

/** A server process that outlives the command; see `provider/types/process.ts`. */
export class Process extends pulumi.CustomResource {
  static readonly type = tokens.Process;
  declare readonly boundPort: pulumi.Output<ProcessOutputs["boundPort"]>;
  declare readonly ports: pulumi.Output<ProcessOutputs["ports"]>;
  declare readonly address: pulumi.Output<ProcessOutputs["address"]>;
  declare readonly pid: pulumi.Output<ProcessOutputs["pid"]>;
  declare readonly status: pulumi.Output<ProcessOutputs["status"]>;
  declare readonly logFile: pulumi.Output<ProcessOutputs["logFile"]>;

  constructor(name: string, args: ArgumentsOf<ProcessInputs>, opts?: pulumi.CustomResourceOptions) {
    super(
      Process.type,
      name,
      { ...unresolved("boundPort", "ports", "address", "pid", "status", "logFile"), ...args },
      opts,
    );
  }
}

/** The pin, admitted by the gates; see `provider/types/admission.ts`. */
export class Admission extends pulumi.CustomResource {
  static readonly type = tokens.Admission;
  /** What was admitted: under `--target` the engine gives the recorded one, whatever the program asked for. */
  declare readonly pin: pulumi.Output<AdmissionOutputs["pin"]>;
  declare readonly modelUri: pulumi.Output<AdmissionOutputs["modelUri"]>;
  /** The document that was admitted; missing without one. */
  declare readonly evidence: pulumi.Output<AdmissionOutputs["evidence"] | undefined>;

  constructor(name: string, args: AdmissionInputs, opts?: pulumi.CustomResourceOptions) {
    super(Admission.type, name, { ...unresolved("modelUri"), ...args }, opts);
  }
}

/** Checks of new scorers before any traffic; see `provider/types/release-check.ts`. */
export class ReleaseCheck extends pulumi.CustomResource {
  static readonly type = tokens.ReleaseCheck;

  constructor(
    name: string,
    args: ArgumentsOf<ReleaseCheckInputs>,
    opts?: pulumi.CustomResourceOptions,
  ) {
    super(ReleaseCheck.type, name, args, opts);
  }
}

/** Where the router sends traffic; see `provider/types/route.ts`. */
export class Route extends pulumi.CustomResource {
  static readonly type = tokens.Route;
  declare readonly url: pulumi.Output<RouteInputs["url"]>;
  declare readonly digest: pulumi.Output<RouteInputs["digest"]>;

  constructor(name: string, args: ArgumentsOf<RouteInputs>, opts?: pulumi.CustomResourceOptions) {
    super(Route.type, name, args, opts);
  }
}

/** A Secret of the cluster; see `provider/types/cluster-secret.ts`. */
export class ClusterSecret extends pulumi.CustomResource {
  static readonly type = tokens.ClusterSecret;
  declare readonly fingerprint: pulumi.Output<ClusterSecretOutputs["fingerprint"]>;

  constructor(
    name: string,
    args: ArgumentsOf<ClusterSecretInputs>,
    opts?: pulumi.CustomResourceOptions,
  ) {
    super(ClusterSecret.type, name, { ...unresolved("fingerprint"), ...args }, opts);
  }
}

/** A workload of a cluster that is up; see `provider/types/cluster-ready.ts`. */
export class ClusterReady extends pulumi.CustomResource {
  static readonly type = tokens.ClusterReady;

  constructor(
    name: string,
    args: ArgumentsOf<ClusterReadyInputs>,
    opts?: pulumi.CustomResourceOptions,
  ) {
    super(ClusterReady.type, name, args, opts);
  }
}

/** The release of a version in a cluster; see `provider/types/cluster-release.ts`. */
export class ClusterRelease extends pulumi.CustomResource {
  static readonly type = tokens.ClusterRelease;
  declare readonly url: pulumi.Output<ClusterReleaseInputs["url"]>;
  declare readonly digest: pulumi.Output<ClusterReleaseInputs["digest"]>;

  constructor(
    name: string,
    args: ArgumentsOf<ClusterReleaseInputs>,
    opts?: pulumi.CustomResourceOptions,
  ) {
    super(ClusterRelease.type, name, args, opts);
  }
}

/** Alias and legacy stage in the registry; see `provider/types/stage-alias.ts`. */
export class StageAliasMark extends pulumi.CustomResource {
  static readonly type = tokens.StageAlias;
  declare readonly alias: pulumi.Output<StageAliasInputs["alias"]>;
  declare readonly version: pulumi.Output<StageAliasInputs["version"]>;

  constructor(
    name: string,
    args: ArgumentsOf<StageAliasInputs>,
    opts?: pulumi.CustomResourceOptions,
  ) {
    super(StageAliasMark.type, name, args, opts);
  }
}

/** One line in the stack's chain of receipts; see `provider/types/receipt.ts`. */
export class ReceiptLine extends pulumi.CustomResource {
  static readonly type = tokens.Receipt;

  constructor(name: string, args: ArgumentsOf<ReceiptInputs>, opts?: pulumi.CustomResourceOptions) {
    super(ReceiptLine.type, name, args, opts);
  }
}
