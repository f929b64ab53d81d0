import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { z } from "zod";
import { stackSchema } from "../../config/resolve";

/** The page whose table this is. */
export const kubernetesPage = path.join(__dirname, "..", "..", "docs", "kubernetes.md");

const begin =
  "<!-- Made by `npm run docs:examples` from the descriptions in config/schema.ts; do not edit. -->";
const end = "<!-- End of what is made. -->";

interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly enum?: readonly string[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
}

/** The page with its table as it has to be. */
export function withSettings(page: string): string {
  const [before, rest] = page.split(begin);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined) {
    throw new Error(`docs/kubernetes.md has no place for its table: a line "${begin}".`);
  }
  return `${before}${begin}\n\n${table()}\n\n${end}${after}`;
}

function table(): string {
  const draft = { io: "input", target: "draft-7" } as const;
  const { kubernetes } = z.toJSONSchema(stackSchema, draft).properties as Record<string, Schema>;
  const rows = Object.entries(kubernetes!.properties ?? {}).map(
    ([name, schema]) => `| \`${name}\` | ${valuesOf(schema)} | ${escaped(meaningOf(schema))} |`,
  );
  return ["| `tollgate:kubernetes.` | values | |", "| --- | --- | --- |", ...rows].join("\n");
}

/** In words; of a group, the fields with theirs, where they aren't any text. */
function valuesOf({ type, enum: values, items, properties, required = [] }: Schema): string {
  if (values) return values.map((value) => `\`${value}\``).join(", ");
  if (type === "array") return `list of ${valuesOf(items ?? {})}s`;
  if (!properties) return words[type ?? ""] ?? "";
  const fields = Object.entries(properties).map(([name, field]) => {
    const of = field.properties ? Object.keys(field.properties).join(", ") : valuesOf(field);
    const said = [...(required.includes(name) ? ["required"] : []), ...(of === "text" ? [] : [of])];
    return `\`${name}\`${said.length > 0 ? ` (${said.join("; ")})` : ""}`;
  });
  return fields.join(", ");
}

const words: Readonly<Record<string, string>> = {
  string: "text",
  integer: "whole number",
  number: "number",
  boolean: "`true`, `false`",
};

/** What a setting is for, and the fields of a group that say it themselves. */
function meaningOf({ description, properties = {} }: Schema): string {
  const fields = Object.entries(properties).flatMap(([name, field]) =>
    field.description ? [`\`${name}\`: ${field.description}`] : [],
  );
  return [...(description ? [description] : []), ...fields].join(" ");
}

/** A bar would end the cell, and an angle bracket would begin a tag. */
function escaped(text: string): string {
  return text.replace(/\|/g, "\\|").replace(/</g, "&lt;");
}

if (require.main === module) {
  writeFileSync(kubernetesPage, withSettings(readFileSync(kubernetesPage, "utf8")));
}
