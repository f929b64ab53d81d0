import { labelValue } from "../../../config/names";
import type { ClusterSettings } from "../../../config/settings";

/**
 * What an object of an environment is called and found by.
 *
 * @param component which part of the environment it belongs to @default its own name
 */
export function metadataOf(settings: ClusterSettings, name: string, component = name) {
  const { namespace } = settings.kubernetes.cluster;
  return { name, namespace, labels: labelsOf(settings, component) };
}

/** Labels of every object of an environment. */
export function labelsOf(settings: ClusterSettings, name: string): Record<string, string> {
  return { "app.kubernetes.io/name": name, ...stackLabels(settings) };
}

/** Those that all of its objects have in common, to find them by. */
export function stackLabels({ model, stack }: ClusterSettings): Record<string, string> {
  return {
    "app.kubernetes.io/part-of": labelValue(model),
    "app.kubernetes.io/managed-by": "tollgate",
    "tollgate.dev/stack": labelValue(stack),
  };
}

/** The label that chooses the pods of one workload. */
export function selectorOf(name: string): Record<string, string> {
  return { "app.kubernetes.io/name": name };
}
