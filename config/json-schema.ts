import { writeFileSync } from "node:fs";
import path from "node:path";
import { z } from "zod";
import { stackSchema } from "./resolve";

/** JSON Schema of a whole `Pulumi.<stack>.yaml`, for completion and checks in editors. */
export function stackFileSchema(): Record<string, unknown> {
  // Draft 7, which every editor understands.
  const settings = z.toJSONSchema(stackSchema, { io: "input", target: "draft-7" });
  const properties = Object.entries(settings.properties ?? {});
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
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

/** The committed file, which stack files name in their first line. */
export const stackFileSchemaPath = path.join(__dirname, "stack.schema.json");

/** The committed file's content. */
export function stackFileSchemaText(): string {
  return `${JSON.stringify(stackFileSchema(), null, 2)}\n`;
}

if (require.main === module) writeFileSync(stackFileSchemaPath, stackFileSchemaText());
