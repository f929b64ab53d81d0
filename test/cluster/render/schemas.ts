// Strict JSON schemas for kubeconform: of the kinds a cluster has by itself, and of custom resources.
import fs from "node:fs";
import path from "node:path";
import YAML from "yaml";

type Schema = Readonly<Record<string, unknown>>;

interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** Where kubeconform finds a schema below a folder: `deployment-apps-v1.json`, `service-v1.json`. */
export const schemaTemplate = "{{ .ResourceKind }}{{ .KindSuffix }}.json";

/**
 * Writes a schema for every kind in a cluster's OpenAPI document (`/openapi/v2`).
 *
 * @returns how many
 */
export function writeClusterSchemas(openApi: string, folder: string): number {
  const { definitions } = JSON.parse(openApi) as { definitions: Record<string, Schema> };
  const strictOnes = mapValues(definitions, strict);
  let count = 0;
  for (const [name, definition] of Object.entries(definitions)) {
    const kinds = definition["x-kubernetes-group-version-kind"] as GroupVersionKind[] | undefined;
    // What belongs to every group, such as DeleteOptions, is never applied.
    if (kinds?.length !== 1) continue;
    const schema = { $ref: `#/definitions/${name}`, definitions: reachable(name, strictOnes) };
    write(folder, kinds[0]!, schema);
    count += 1;
  }
  return count;
}

/**
 * Writes the schemas in a file of CustomResourceDefinitions, a schema for each version.
 *
 * @returns how many
 */
export function writeCustomSchemas(definitions: string, folder: string): number {
  let count = 0;
  for (const document of YAML.parseAllDocuments(definitions)) {
    const { spec } = document.toJS() as {
      spec: {
        group: string;
        names: { kind: string };
        versions: { name: string; schema: { openAPIV3Schema: Schema } }[];
      };
    };
    for (const { name: version, schema } of spec.versions) {
      const { openAPIV3Schema } = schema;
      const properties = {
        ...(openAPIV3Schema["properties"] as Record<string, unknown>),
        // The API server checks it for custom resources too, but no definition says what is in it.
        metadata: { type: "object" },
      };
      write(
        folder,
        { group: spec.group, version, kind: spec.names.kind },
        strict({ ...openAPIV3Schema, properties }),
      );
      count += 1;
    }
  }
  return count;
}

function write(folder: string, { group, version, kind }: GroupVersionKind, schema: unknown): void {
  const suffix = [group.split(".")[0], version].filter((part) => part !== "").join("-");
  fs.mkdirSync(folder, { recursive: true });
  const file = path.join(folder, `${kind.toLowerCase()}-${suffix}.json`);
  fs.writeFileSync(file, JSON.stringify(schema));
}

/** A schema that takes no property it doesn't name, as the API server's strict validation of fields does. */
function strict(schema: Schema): Schema {
  if (schema["x-kubernetes-int-or-string"] === true || schema["format"] === "int-or-string") {
    return { oneOf: [{ type: "string" }, { type: "integer" }] };
  }
  const { properties, items, additionalProperties, ...rest } = schema;
  // Formats and numbers' sizes are Go's, and unknown to a validator of JSON.
  const known = Object.fromEntries(
    Object.entries(rest).filter(([key]) => !key.startsWith("x-kubernetes") && key !== "format"),
  );
  const open = schema["x-kubernetes-preserve-unknown-fields"] === true;
  const closed = properties !== undefined && additionalProperties === undefined && !open;
  return {
    ...known,
    ...(properties !== undefined && {
      properties: mapValues(properties as Record<string, Schema>, strict),
    }),
    ...(items !== undefined && { items: strict(items as Schema) }),
    ...(additionalProperties !== undefined && {
      additionalProperties:
        typeof additionalProperties === "object"
          ? strict(additionalProperties as Schema)
          : additionalProperties,
    }),
    ...(closed && { additionalProperties: false }),
  };
}

/** The definitions that one is made of, itself included. */
function reachable(name: string, all: Readonly<Record<string, Schema>>): Record<string, Schema> {
  const found: Record<string, Schema> = {};
  const visit = (each: string): void => {
    if (Object.hasOwn(found, each)) return;
    found[each] = all[each]!;
    for (const [, next] of JSON.stringify(all[each]).matchAll(/"#\/definitions\/([^"]+)"/g)) {
      visit(next!);
    }
  };
  visit(name);
  return found;
}

function mapValues<T, R>(of: Readonly<Record<string, T>>, by: (value: T) => R): Record<string, R> {
  return Object.fromEntries(Object.entries(of).map(([key, value]) => [key, by(value)]));
}
