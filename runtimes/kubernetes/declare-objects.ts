import * as pulumi from "@pulumi/pulumi";
import type { ClusterAddress } from "../../cluster/address";
import type { ClusterReadyInputs } from "../../provider/inputs";
import { ClusterReady } from "../../provider/resources";
import type { Manifest } from "./manifests/manifest";
import { selectorOf } from "./manifests/metadata";

/** Kinds that hold data, or that data goes with: forgotten by `destroy`, never deleted. */
const kept = new Set(["Namespace", "PersistentVolumeClaim"]);

const skipAwait = { "pulumi.com/skipAwait": "true" };

/**
 * Otherwise an object stays until its last pod has ended, and one that is made again meanwhile, as a rollback does, goes
 * with it.
 */
const goneAtOnce = { "pulumi.com/deletionPropagationPolicy": "background" };

/**
 * What the Kubernetes plugin is told by annotation, beside what a manifest says. Only objects that are declared have
 * these; rendered ones don't need them.
 */
const instructions: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  // A volume is bound when its pod comes, and a Service's pods may come later.
  PersistentVolumeClaim: skipAwait,
  Service: skipAwait,
  // Waited for by ClusterReady or ClusterRelease, which say in one sentence why pods don't come up, and at once.
  Deployment: { ...skipAwait, ...goneAtOnce },
  StatefulSet: { ...skipAwait, ...goneAtOnce },
  Rollout: goneAtOnce,
  // And one that failed can't be started again.
  Job: { ...skipAwait, ...goneAtOnce, "pulumi.com/replaceUnready": "true" },
};

/** One object of Kubernetes. */
class ClusterObject extends pulumi.CustomResource {}

/**
 * Declares objects to the engine, each as what the Kubernetes SDK calls it: `kubernetes:<apiVersion>:<Kind>`, which is
 * all that the SDK's classes do at run time, at no cost of loading them. A Namespace among them comes before the rest.
 *
 * @param name prefix of the resources' names: `<name>-<kind>-<object>`
 * @param opts with a parent whose `providers` say which cluster, as `foundation.ts` makes it
 */
export function declare(
  name: string,
  manifests: readonly Manifest[],
  opts: pulumi.CustomResourceOptions,
): pulumi.CustomResource[] {
  const first = manifests.filter(({ kind }) => kind === "Namespace");
  const rest = manifests.filter(({ kind }) => kind !== "Namespace");
  const namespaces = first.map((manifest) => declareOne(name, manifest, opts));
  const below =
    namespaces.length === 0 ? opts : pulumi.mergeOptions(opts, { dependsOn: namespaces });
  return [...namespaces, ...rest.map((manifest) => declareOne(name, manifest, below))];
}

function declareOne(
  name: string,
  manifest: Manifest,
  opts: pulumi.CustomResourceOptions,
): pulumi.CustomResource {
  const { apiVersion, kind, metadata } = manifest;
  const group = apiVersion.includes("/") ? apiVersion : `core/${apiVersion}`;
  return new ClusterObject(
    `kubernetes:${group}:${kind}`,
    `${name}-${kind.toLowerCase()}-${metadata.name}`,
    { ...manifest, metadata: { ...metadata, annotations: annotationsOf(manifest) } },
    {
      ...opts,
      ...(kept.has(kind) && { retainOnDelete: true }),
    },
  );
}

/** Longest wait for a workload, in seconds: images are got, and a big database's schema is brought forward. */
const readySeconds = { Deployment: 300, StatefulSet: 300, Job: 1800 } as const;

/** Waits for the workloads among manifests; what needs them depends on what this gives. */
export function declareReady(
  name: string,
  manifests: readonly Manifest[],
  cluster: ClusterAddress,
  opts: pulumi.CustomResourceOptions,
): pulumi.CustomResource[] {
  return manifests.flatMap(({ kind, metadata }) => {
    if (kind !== "Deployment" && kind !== "StatefulSet" && kind !== "Job") return [];
    const inputs: ClusterReadyInputs = {
      cluster,
      kind,
      name: metadata.name,
      selector: podLabels(kind, metadata.name),
      timeoutSeconds: readySeconds[kind],
    };
    return [new ClusterReady(`${name}-${kind.toLowerCase()}-ready`, inputs, opts)];
  });
}

/** Labels of a workload's pods; Kubernetes itself gives those of a Job its name. */
function podLabels(kind: ClusterReadyInputs["kind"], name: string) {
  return kind === "Job" ? { "batch.kubernetes.io/job-name": name } : selectorOf(name);
}

function annotationsOf({ kind, metadata }: Manifest) {
  return {
    ...metadata.annotations,
    ...instructions[kind],
    // What a person changed by hand is put right. Of a Service, others move the selector on purpose.
    ...(kind !== "Service" && { "pulumi.com/patchForce": "true" }),
  };
}
