import { artifactStoreManifests } from "./manifests/artifact-store";
import { databaseManifests } from "./manifests/database";
import type { ClusterSettings } from "../../config/settings";
import type { Manifest } from "./manifests/manifest";
import { namespaceManifests } from "./manifests/namespace";
import { networkManifests } from "./manifests/network";
import { servingManifests } from "./manifests/serving";
import { trackingServerSteps } from "./manifests/tracking-server";
import { movedByArgo } from "./manifests/workload";

/** Objects that may be applied together, once those of the groups before are there and healthy. */
export interface RenderedGroup {
  /**
   * `namespace`: what everything stands in. `data`: MLflow's database and store, brought to its schema. `registry`: MLflow.
   * `scorer`: what serves the pinned version. `traffic`: what sends callers to it.
   */
  readonly name: "namespace" | "data" | "registry" | "scorer" | "traffic";
  /** In the order of applying, at least one. */
  readonly manifests: readonly Manifest[];
}

/**
 * Every object of an environment but its Secrets, as `up` declares them: for tools that apply files. Without a pin, those
 * of the registry alone.
 *
 * @throws SettingsError when a file that the settings name can't be read
 */
export function renderedGroups(settings: ClusterSettings): RenderedGroup[] {
  const groups: RenderedGroup[] = [
    {
      name: "namespace",
      manifests: [...namespaceManifests(settings), ...networkManifests(settings)],
    },
    ...registry(settings),
    ...serving(settings),
  ];
  return groups
    .filter(({ manifests }) => manifests.length > 0)
    .map(({ name, manifests }) => ({ name, manifests: manifests.map(withoutInstructions) }));
}

/** The same in one list. */
export function renderedManifests(settings: ClusterSettings): Manifest[] {
  return renderedGroups(settings).flatMap(({ manifests }) => manifests);
}

/** Fingerprints of Secrets aren't known here: who applies files has to roll pods when a Secret changes. */
function registry(settings: ClusterSettings): RenderedGroup[] {
  const { before, migration, server, service } = trackingServerSteps(settings, {});
  const stores = [...artifactStoreManifests(settings, {}), ...databaseManifests(settings, {})];
  return [
    { name: "data", manifests: [...stores, ...before, ...migration] },
    { name: "registry", manifests: [...server, ...service] },
  ];
}

/**
 * Where nobody moves selectors, the Service that selects a generation comes after it, so that a tool which waits between
 * groups moves callers to scorers that are ready. Argo Rollouts moves them itself, and wants the Services first.
 */
function serving(settings: ClusterSettings): RenderedGroup[] {
  const { pin, model, trackingServer } = settings;
  if (!pin) return [];
  const { before, services, workload, after } = servingManifests(settings, {
    modelUri: `models:/${model}/${pin.version}`,
    version: pin.version,
    digest: pin.digest,
    trackingUri: trackingServer.uri,
  });
  const argo = movedByArgo(settings);
  const routes = after.filter(isRoute);
  const others = after.filter((manifest) => !isRoute(manifest));
  return [
    {
      name: "scorer",
      manifests: [...before, ...(argo ? services : []), ...workload, ...others],
    },
    { name: "traffic", manifests: [...(argo ? [] : services), ...routes] },
  ];
}

function isRoute({ kind }: Manifest): boolean {
  return kind === "Ingress" || kind === "HTTPRoute";
}

/** What only Pulumi's plugin reads says nothing to anybody else. */
function withoutInstructions(manifest: Manifest): Manifest {
  const { annotations, ...metadata } = manifest.metadata;
  const others = Object.entries(annotations ?? {}).filter(
    ([key]) => !key.startsWith("pulumi.com/"),
  );
  return {
    ...manifest,
    metadata: {
      ...metadata,
      ...(others.length > 0 && { annotations: Object.fromEntries(others) }),
    },
  };
}
