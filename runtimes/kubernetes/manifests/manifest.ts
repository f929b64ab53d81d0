import type { Output } from "@pulumi/pulumi";

/** A value that is known at once, or only when another resource was made. Rendering has only the former. */
export type Text = string | Output<string>;

/** One object of Kubernetes, as it is applied and as it is rendered. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    /** Missing for what belongs to no namespace. */
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, Text>>;
  };
  readonly [field: string]: unknown;
}

/** Prefix of our own labels and annotations. */
export const prefix = "tollgate.dev";

/** Fingerprints of the Secrets that pods read, by the Secret's name: a change rolls them. */
export type Fingerprints = Readonly<Record<string, Text>>;
