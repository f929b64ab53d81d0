import crypto from "node:crypto";

/** An Envoy extension: its name and its configuration as a typed message. */
export function extension(name: string, type: string, configuration: object): object {
  return { name, typed_config: { "@type": `type.googleapis.com/${type}`, ...configuration } };
}

/** What a watched file holds. Envoy reports `version_info` when it has taken the file in. */
export interface DiscoveryResponse<T extends object> {
  readonly version_info: string;
  readonly resources: readonly (T & { "@type": string })[];
}

/** A watched file's content, with a version that is made of the content itself. */
export function discoveryResponse<T extends object>(
  type: string,
  resources: readonly T[],
): DiscoveryResponse<T> {
  const typed = resources.map((resource) => ({
    "@type": `type.googleapis.com/${type}`,
    ...resource,
  }));
  const hash = crypto.createHash("sha256").update(JSON.stringify(typed)).digest("hex");
  return { version_info: hash.slice(0, 16), resources: typed };
}
