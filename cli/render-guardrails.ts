import type { GuardedResource } from "../policies/guardrails/guardrail";
import type { ClusterSettings, Manifest } from "../runtimes/kubernetes/manifests/manifest";
import type { RenderedGroup } from "../runtimes/kubernetes/render";

/**
 * What the guardrails have against a rendering, a sentence each, the last of a rule with its remedy: the same rules that the policy pack asks
 * of an `up`, with the settings of the stack's project folder.
 */
export async function objectionsTo(
  { projectDir, stack }: Pick<ClusterSettings, "projectDir" | "stack">,
  groups: readonly RenderedGroup[],
): Promise<string[]> {
  const [{ guardrails }, { judgeStack }, { surroundingsOf }] = await Promise.all([
    import("../policies/guardrails"),
    import("../policies/guardrails/guardrail"),
    import("../pack/surroundings"),
  ]);
  const resources = groups.flatMap(({ name, manifests }) =>
    manifests.map((manifest) => asResource(components[name], manifest)),
  );
  const surroundings = await surroundingsOf({ projectDir, stack });
  return guardrails.flatMap((guardrail) => {
    const sentences = judgeStack(guardrail, { resources, ...surroundings });
    // One remedy is enough for all that a rule has against a rendering.
    return sentences.map((sentence, index) =>
      [
        `${guardrail.name}: ${sentence}`,
        ...(index < sentences.length - 1 ? [] : [guardrail.remedy]),
      ].join(" "),
    );
  });
}

/** Components that declare a group's objects: `tollgate:exposed` names resources as they do. */
const components: Readonly<Record<RenderedGroup["name"], string>> = {
  namespace: "foundation",
  data: "tracking-server",
  registry: "tracking-server",
  scorer: "model-serving",
  traffic: "model-serving",
};

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
