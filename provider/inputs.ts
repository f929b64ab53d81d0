import type { ClusterAddress } from "../cluster/address";
import type { SentAdmission } from "../policies/admission-inputs";
import type { PinnedVersion } from "../policies/gate";
import type { CredentialSource } from "../registry/credentials";

/** How to reach a registry: settings only, credentials are read from where they are kept. */
export interface RegistryAddress {
  /** Base address without a trailing slash. */
  uri: string;
  caFile: string | null;
  tokenVariable: string;
  timeoutSeconds: number;
  /** The cluster that a registry of its own is reached through; null: by its address. */
  cluster: ClusterAddress | null;
  /** Of an environment's own registry. Absent in what earlier versions recorded: there were none. */
  credentials?: CredentialSource | null;
}

/** A generated secret in a file only the user can read. Its value is never an output. */
export interface CredentialInputs {
  /** Absolute path of the file. */
  path: string;
  /** Number of random bytes, written as lower-case hex. */
  bytes: number;
  /** Delete the file with the resource. Kept otherwise: the data it opens is kept as well. */
  deleteData: boolean;
}
export interface CredentialOutputs extends CredentialInputs {
  /** First 12 hex digits of the value's sha256: tells that it changed without telling it. */
  fingerprint: string;
}

/** The pin, as the gates admitted it. */
export interface AdmissionOutputs extends SentAdmission {
  /** `models:/<name>/<version>`. */
  modelUri: string;
}

/** Answers that a version's scorers must give again. They are fetched from the registry when the release happens. */
export interface ReleaseAnswers {
  registry: RegistryAddress;
  model: string;
  /** sha256 of the document, and how many rows it has, by the evidence that was admitted. */
  digest: string;
  rows: number;
  task: "classification" | "regression";
  /** The rows may only be asked one by one: the model is served without batching. */
  alone?: boolean;
}

/** Checks of the new scorers before any traffic. Named by digest; runs once at creation. */
export interface ReleaseCheckInputs {
  /** Addresses of the scorers, `http://host:port`. */
  scorers: string[];
  model: string;
  version: string;
  digest: string;
  /** Highest accepted P95 of direct requests, in milliseconds; 0 means no limit. */
  maxP95Ms: number;
  /** Null: the evidence is of before answers were kept. */
  answers: ReleaseAnswers | null;
}

/** Where the router sends traffic, watched after each move. */
export interface RouteInputs {
  /** The stack's state folder; Envoy's files are under `route/`. */
  stateDir: string;
  /** `http://host:port` of the router's listener, as callers use it. */
  url: string;
  version: string;
  digest: string;
  /** Addresses of the scorers that shall answer, `http://host:port`. */
  scorers: string[];
  watchSeconds: number;
  maxErrorRate: number;
  maxP95Ms: number;
  /** Longest that an answer may take, in seconds. */
  answerSeconds: number;
  /** Null: the evidence is of before answers were kept. */
  answers: ReleaseAnswers | null;
}

/** A Secret that somebody else keeps. */
export interface KeptSecret {
  name: string;
  /** Keys it must have. */
  keys: string[];
}

/** A Secret of the cluster. Its values never reach the program or the state. */
export interface ClusterSecretInputs {
  cluster: ClusterAddress;
  name: string;
  labels: Record<string, string>;
  /** What is made when there is no such Secret; null: somebody else keeps it, and a missing one is an error. */
  generate: {
    /** Random values, written as lower-case hex. */
    random: { name: string; bytes: number }[];
    /** Text of each key of the Secret; `${<name>}` stands for a random value. */
    values: { key: string; text: string }[];
  } | null;
  /**
   * Where somebody else keeps this one: every Secret of the environment that somebody else keeps. One that is missing is
   * named together with the others, as the engine stops the rest of an update at the first failure.
   */
  kept?: KeptSecret[];
  /** Keys it must have. */
  keys: string[];
  /** Delete the Secret with the resource. Kept otherwise: the data it opens is kept as well. */
  deleteData: boolean;
}
export interface ClusterSecretOutputs extends ClusterSecretInputs {
  /** First 12 hex digits of the sha256 of all its keys and values: tells that it changed without telling how. */
  fingerprint: string;
}

/** A workload of the cluster that is waited for: its pods ready, or the Job done. */
export interface ClusterReadyInputs {
  cluster: ClusterAddress;
  kind: "Deployment" | "StatefulSet" | "Job";
  name: string;
  /** Labels of its pods. */
  selector: Record<string, string>;
  timeoutSeconds: number;
}

/** The release of a version in a cluster: its pods ready and checked, traffic moved to them and watched. */
export interface ClusterReleaseInputs {
  cluster: ClusterAddress;
  stateDir: string;
  /** What runs the version's pods. The one Rollout serves every version, a Deployment only its own. */
  workload: { kind: "Deployment" | "Rollout" | "InferenceService"; name: string };
  /** The Service that callers use: its selector is moved, or where Argo moves it, looked at. */
  service: string;
  /** Labels of this release's pods. */
  selector: Record<string, string>;
  container: string;
  /** That the container listens on. */
  port: number;
  /** Where callers reach the model. */
  url: string;
  model: string;
  version: string;
  digest: string;
  /** Of the pods' template: changes when they are made anew. */
  template: string;
  /** Fewest ready pods before traffic is moved. */
  replicas: number;
  startTimeoutSeconds: number;
  watchSeconds: number;
  maxErrorRate: number;
  maxP95Ms: number;
  /** Null: the evidence is of before answers were kept. */
  answers: ReleaseAnswers | null;
}

/** Alias and legacy stage of the pinned version in the registry. */
export interface StageAliasInputs {
  stateDir: string;
  /** Cluster that the release's journal is in; null: it is below the state folder. */
  cluster: ClusterAddress | null;
  registry: RegistryAddress;
  model: string;
  version: string;
  alias: string;
  stage: "None" | "Staging" | "Production";
}

/** One line in the stack's chain of receipts. */
export interface ReceiptInputs {
  stateDir: string;
  /** Cluster that the release's journal is in, and the chain as well; null: they are below the state folder. */
  cluster: ClusterAddress | null;
  stack: string;
  pin: PinnedVersion;
  /** Admission's inputs as judged, so that the receipt holds the verdicts it was released under. */
  admission: SentAdmission;
  /** Project folder, for commit and actor. */
  projectDir: string;
}
