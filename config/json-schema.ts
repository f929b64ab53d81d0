import { writeFileSync } from "node:fs";
import path from "node:path";
import { z } from "zod";
import { evidenceSchema } from "../registry/evidence";
import { stackSchema } from "./resolve";

// Draft 7, which every editor and every validator understands.
const draft = { io: "input", target: "draft-7" } as const;
const draftUri = "http://json-schema.org/draft-07/schema#";

/** JSON Schema of a whole `Pulumi.<stack>.yaml`, for completion and checks in editors. */
export function stackFileSchema(): Record<string, unknown> {
  const settings = z.toJSONSchema(stackSchema, draft);
  const properties = Object.entries(settings.properties ?? {});
  return {
    $schema: draftUri,
    title: "Pulumi.<stack>.yaml",
    description: "One environment. Made from config/schema.ts; do not edit.",
    type: "object",
    required: ["config"],
    properties: {
      config: {
        type: "object",
        required: (settings.required ?? []).map((key) => `tollgate:${key}`),
        properties: Object.fromEntries(
          properties.map(([key, schema]) => [`tollgate:${key}`, schema]),
        ),
        // Other namespaces are other people's; an unknown key of ours is a mistake.
        patternProperties: { "^(?!tollgate:)": {} },
        additionalProperties: false,
      },
    },
  };
}

/** JSON Schema of an evidence document, for whoever writes or reads one without Tollgate. */
export function evidenceDocumentSchema(): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(evidenceSchema, draft);
  return {
    $schema: $schema ?? draftUri,
    title: "Evidence of one model version",
    description:
      "Measured facts about one model version. Made from registry/evidence.ts; do not edit. Beyond this schema a document is refused that names a field twice or holds control characters.",
    ...schema,
  };
}

/** A schema that is committed, and its content as it has to be. */
export interface CommittedSchema {
  /** Absolute. */
  readonly file: string;
  text(): string;
}

/** What stack files name in their first line. */
export const stackFileSchemaFile: CommittedSchema = {
  file: path.join(__dirname, "stack.schema.json"),
  text: () => textOf(stackFileSchema()),
};

export const evidenceSchemaFile: CommittedSchema = {
  file: path.join(__dirname, "..", "registry", "evidence.schema.json"),
  text: () => textOf(evidenceDocumentSchema()),
};

function textOf(schema: Record<string, unknown>): string {
  return `${JSON.stringify(schema, null, 2)}\n`;
}

if (require.main === module) {
  for (const { file, text } of [stackFileSchemaFile, evidenceSchemaFile]) {
    writeFileSync(file, text());
  }
}
