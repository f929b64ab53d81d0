import { isDeepStrictEqual } from "node:util";
import type { ClusterReleaseInputs } from "../../inputs";
import type { Service } from "./objects";

/** Tells the pods of one release from those of all others. */
const generationLabel = "tollgate.dev/generation";
/** Argo's own label of the pods of one template; it adds it to the selectors of the Services that it moves. */
export const hashLabel = "rollouts-pod-template-hash";
/** Says of a Service which Rollout Argo moves it for. */
const movedFor = "argo-rollouts.argoproj.io/managed-by-rollouts";

/** Labels of no pod. A Service whose selector is taken away leads on to the pods that it led to before. */
export const nowhere = { [generationLabel]: "none" };

/** Does a Service lead to the pods of exactly these labels? */
export function selects(
  { spec }: Service,
  labels: Readonly<Record<string, string>> | null,
): boolean {
  return isDeepStrictEqual({ ...spec.selector }, { ...labels });
}

/** The one release that a Service leads to; null where Argo moves it, or it leads nowhere. */
export function generationIn(service: Service): string | null {
  return selects(service, nowhere) ? null : (service.spec.selector?.[generationLabel] ?? null);
}

/**
 * A Service's selector where Argo moves traffic: the labels that all releases have, and Argo's own if it has added it. A
 * generation's label would lead to no pod any more after Argo's next release.
 */
export function selectorForArgo(
  { spec }: Service,
  { selector }: Pick<ClusterReleaseInputs, "selector">,
): Record<string, string> {
  const { [generationLabel]: _, ...shared } = selector;
  const hash = spec.selector?.[hashLabel];
  return hash === undefined ? shared : { ...shared, [hashLabel]: hash };
}

/** The Rollout that Argo moves a Service for; null when it moves it for none. */
export function movedForRollout({ metadata, spec }: Service): string | null {
  if (spec.selector?.[hashLabel] === undefined) return null;
  return metadata.annotations?.[movedFor] ?? null;
}
