import type { GuardedResource } from "../../../policies/guardrails/guardrail";
import type { Rendering } from "../../operations";
import type { ClusterSettings } from "../../../config/settings";
import type { Manifest } from "../manifests/manifest";
import { type RenderedGroup, renderedGroups } from "../render";
import { filesOf } from "./render-files";

/** The manifests of an environment, as what guardrails judge and as files. */
export function render(settings: ClusterSettings): Rendering {
  const groups = renderedGroups(settings);
  return { resources: resourcesOf(groups), files: () => filesOf(settings, groups) };
}

/** Components that declare a group's objects: `tollgate:exposed` names resources as they do. */
const components: Readonly<Record<RenderedGroup["name"], string>> = {
  namespace: "foundation",
  data: "tracking-server",
  registry: "tracking-server",
  scorer: "model-serving",
  traffic: "model-serving",
};

/** Every manifest as the resource that `up` declares it as. */
export function resourcesOf(groups: readonly RenderedGroup[]): GuardedResource[] {
  return groups.flatMap(({ name, manifests }) =>
    manifests.map((manifest) => asResource(components[name], manifest)),
  );
}

/** A manifest as the resource that `up` declares it as. */
export function asResource(component: string, manifest: Manifest): GuardedResource {
  const { apiVersion, kind, metadata } = manifest;
  const type = `kubernetes:${apiVersion.includes("/") ? apiVersion : `core/${apiVersion}`}:${kind}`;
  const name = `${component}-${kind.toLowerCase()}-${metadata.name}`;
  return {
    type,
    name,
    urn: `${type}::${name}`,
    props: manifest,
    // An option of the engine's. In files, annotations keep data from the tools that apply them.
    protect: true,
    refersTo: {},
    secrets: [],
  };
}
