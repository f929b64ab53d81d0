/** What a signature can be for; each is a namespace of the allowed-signers file, `tollgate-<purpose>`. */
export type Purpose = "training" | "evidence" | "approval" | "waiver";

/** Who may sign, as text, so that a judgement needs no file and always gives the same answer. */
export interface Trust {
  /** Content of the allowed-signers file (OpenSSH's format); empty when there is none. */
  readonly signers: string;
  /** Content of the revoked-keys file, a public key a line; empty when there is none. */
  readonly revoked: string;
}

/** In-toto Statement v1: what was signed about which bytes. */
export interface Statement<P> {
  readonly _type: "https://in-toto.io/Statement/v1";
  readonly subject: readonly {
    readonly name: string;
    readonly digest: { readonly sha256: string };
  }[];
  readonly predicateType: string;
  readonly predicate: P;
}

/** DSSE envelope v1 with one signature. */
export interface Envelope {
  readonly payloadType: "application/vnd.in-toto+json";
  /** Base64 of the statement's bytes. */
  readonly payload: string;
  readonly signatures: readonly {
    /** OpenSSH fingerprint of the public key, `SHA256:…`. */
    readonly keyid: string;
    /** Base64 of the Ed25519 signature of the payload's pre-authentication encoding. */
    readonly sig: string;
  }[];
}

/** Whose key signed. One key may be listed under several names; they are one person. */
export interface Signer {
  /** OpenSSH fingerprint, `SHA256:…`. */
  readonly keyId: string;
  /** Every name the key is listed under, lower case, in the file's order. */
  readonly principals: readonly string[];
}

/** Why a signature doesn't count. */
export interface SignatureProblem {
  readonly code:
    | "signature-missing"
    | "signature-unreadable"
    | "signature-invalid"
    | "signers-unreadable"
    | "signer-unknown"
    | "signer-not-allowed"
    | "key-revoked"
    | "key-not-valid-then";
  /** A clause without a full stop, such as `its key SHA256:… is revoked`. */
  readonly reason: string;
}

export type Verified<P> =
  | { readonly statement: Statement<P>; readonly signer: Signer }
  | { readonly problem: SignatureProblem };

/** What evidence's signature says. Subjects: the document by its sha256, and the model version by its digest. */
export interface EvidencePredicate {
  readonly evidence: string;
  /** ISO 8601, UTC. */
  readonly signedAt: string;
}

/** SLSA provenance v1 of one training, with our own build type. `trust/provenance.ts` says what each field means. */
export interface ProvenancePredicate {
  readonly buildDefinition: {
    readonly buildType: "https://tollgate.dev/training/v1";
    readonly externalParameters: {
      readonly stack: string;
      readonly command: readonly string[];
      readonly parameters: Readonly<Record<string, string>>;
      readonly data: string;
      readonly promotedFrom?: string | undefined;
    };
    readonly internalParameters: { readonly author?: string | undefined };
    readonly resolvedDependencies: readonly {
      readonly name: string;
      readonly digest: { readonly sha256: string } | { readonly gitCommit: string };
      readonly annotations?: object;
    }[];
  };
  readonly runDetails: {
    readonly builder: { readonly id: string; readonly version: { readonly tollgate: string } };
    readonly metadata: {
      readonly invocationId: string;
      readonly startedOn: string;
      readonly finishedOn: string;
    };
  };
}

/** An approval of exactly one pin in one environment under one plan. */
export interface ApprovalPredicate {
  /** Name of the approver in the allowed-signers file. */
  readonly approver: string;
  readonly stack: string;
  readonly model: string;
  readonly version: string;
  readonly digest: string;
  /** Digest of the plan that was approved: stack, pin and every gate's level and settings. */
  readonly plan: string;
  /** Digest of the evidence that it was given on. Missing in what was signed before it was asked for. */
  readonly evidence?: string | undefined;
  /** ISO 8601, UTC. */
  readonly at: string;
  /** ISO 8601, UTC: from then on it doesn't count. */
  readonly expires: string;
  readonly comment?: string | undefined;
}

/** A refusal that a waiver names. */
export interface WaivedRefusal {
  /** What of the gate it is about, such as the metric's name; null when the gate judges one thing. */
  readonly subject: string | null;
  /** The refusal's code, such as `below-floor`. */
  readonly code: string;
  readonly value: number | string | null;
  readonly threshold: number | string | null;
}

/** A decision to release one version although one gate refuses it, for a time. */
export interface WaiverPredicate {
  readonly gate: string;
  readonly stack: string;
  readonly model: string;
  readonly version: string;
  readonly digest: string;
  /** Digest of the evidence that it was given on. Missing in what was signed before it was asked for. */
  readonly evidence?: string | undefined;
  /** What the gate refused then: a later value that is worse isn't waived. Missing as `evidence` may be. */
  readonly refusals?: readonly WaivedRefusal[] | undefined;
  readonly reason: string;
  /** Name of the signer in the allowed-signers file, who answers for it. */
  readonly owner: string;
  readonly at: string;
  readonly expires: string;
}
