import type { ClusterSettings, KubernetesSettings, Settings } from "../../../config/settings";
import type { Manifest } from "../../../runtimes/kubernetes/manifests/manifest";
import { clusterSettings, type SettingsChange } from "../../support/fixtures";

/** Settings of a staging environment in a cluster. */
export function settingsWith(
  change: SettingsChange = {},
  kubernetes: Partial<KubernetesSettings> = {},
): ClusterSettings {
  return clusterSettings(change, kubernetes);
}

/** What a part of the settings is by default, with a change. */
export function changed<K extends "database" | "artifactStore" | "trackingServer" | "scorer">(
  part: K,
  change: Partial<Settings[K]>,
): Pick<Settings, K> {
  return { [part]: { ...clusterSettings()[part], ...change } } as Pick<Settings, K>;
}

/** Database in a file and artifacts in a folder, as a dev tier has them. */
export const filesOnly: SettingsChange = {
  ...changed("database", { kind: "sqlite" }),
  ...changed("artifactStore", { kind: "folder" }),
};

/** Database and store that somebody else keeps, as a prod tier has them. */
export const keptElsewhere: SettingsChange = {
  ...changed("database", { secret: "orders-db" }),
  ...changed("artifactStore", { secret: "models-s3", endpoint: "https://s3.example.com:9000" }),
};

/** `Kind/name` of each. */
export function namesOf(manifests: readonly Manifest[]): string[] {
  return manifests.map(({ kind, metadata }) => `${kind}/${metadata.name}`);
}

/** The one object of a kind, or of a kind and name. */
export function only(manifests: readonly Manifest[], kind: string, name?: string): Manifest {
  const found = manifests.filter(
    (each) => each.kind === kind && (name === undefined || each.metadata.name === name),
  );
  if (found.length !== 1) throw new Error(`${found.length} of ${kind} ${name ?? ""}`);
  return found[0]!;
}

export interface ContainerSpec {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: readonly { name: string; value?: string; valueFrom?: unknown }[];
  readonly resources: unknown;
  readonly securityContext: unknown;
  readonly volumeMounts: readonly { name: string; mountPath: string }[];
  readonly [field: string]: unknown;
}

export interface PodSpec {
  readonly serviceAccountName: string;
  readonly automountServiceAccountToken: boolean;
  readonly securityContext: { readonly runAsNonRoot: boolean; readonly runAsUser: number };
  readonly initContainers?: readonly ContainerSpec[];
  readonly containers: readonly ContainerSpec[];
  readonly volumes: readonly { name: string }[];
  readonly [field: string]: unknown;
}

interface Template {
  readonly metadata: {
    readonly labels: Record<string, string>;
    readonly annotations?: Record<string, string>;
  };
  readonly spec: PodSpec;
}

/** The pod template of a workload, a Job or a CronJob. */
export function templateOf({ spec }: Manifest): Template {
  const { template, jobTemplate } = spec as {
    template?: Template;
    jobTemplate?: { spec: { template: Template } };
  };
  return (template ?? jobTemplate?.spec.template)!;
}
