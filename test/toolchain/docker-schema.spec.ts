// The Docker plugin that is built here against npm's @pulumi/docker: what the one sends, the other has to know.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import * as docker from "@pulumi/docker";
import ts from "typescript";
import schema from "../../toolchain/plugins/docker/schema.json";

interface Property {
  readonly type?: string;
  readonly $ref?: string;
  readonly items?: Property;
  readonly additionalProperties?: Property;
}
type Properties = Readonly<Record<string, Property>>;
interface ObjectType {
  readonly properties?: Properties;
  readonly inputProperties?: Properties;
  readonly required?: readonly string[];
  readonly requiredInputs?: readonly string[];
}

const resources = schema.resources as Readonly<Record<string, ObjectType>>;
const types = schema.types as Readonly<Record<string, ObjectType>>;
const packageFolder = path.dirname(require.resolve("@pulumi/docker/package.json"));

/** Resource classes of the package, by type token. */
const classes = Object.values(docker as Record<string, unknown>).flatMap((value) => {
  const token = (value as { __pulumiType?: unknown }).__pulumiType;
  // Its own code of the released plugin, which isn't the Terraform provider's.
  const isResource = typeof token === "string" && token.includes(":");
  return isResource && token !== "docker:index/image:Image" ? [token] : [];
});

/** Type of a property as the package's declarations write it, without what says that it may be given later. */
function ofSchema({ type, $ref, items, additionalProperties }: Property): string {
  if ($ref) return $ref.slice($ref.lastIndexOf(":") + 1);
  if (items) return `${ofSchema(items)}[]`;
  if (additionalProperties) return `{[key:string]:${ofSchema(additionalProperties)};}`;
  return type === "integer" ? "number" : String(type);
}
function ofDeclaration(text: string): string {
  const compact = text.replace(/\s+/g, "");
  return compact.replace(/pulumi\.Input<|>|\|undefined|inputs\.|enums\./g, "");
}

/** Interfaces in a file of the package, by name. */
function interfacesIn(file: string): Map<string, ts.InterfaceDeclaration> {
  const text = readFileSync(path.join(packageFolder, file), "utf8");
  const { statements } = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  return new Map(
    statements.filter(ts.isInterfaceDeclaration).map((each) => [each.name.text, each]),
  );
}

/** Members of one: name and type, and whether it may be left out. */
function membersOf(file: string, name: string, interfaces = interfacesIn(file)) {
  const found = interfaces.get(name);
  assert.ok(found, `${file} has no ${name}`);
  return found.members.filter(ts.isPropertySignature).map((member) => ({
    name: member.name.getText(),
    optional: member.questionToken !== undefined,
    type: ofDeclaration(member.type?.getText() ?? ""),
  }));
}

/** How what the plugin takes differs from what an interface of the package has, a line each. */
function differences(
  name: string,
  members: ReturnType<typeof membersOf>,
  properties: Properties = {},
  required: readonly string[] = [],
): string[] {
  return members.flatMap((member) => {
    const ours = properties[member.name];
    const type = ours && ofSchema(ours);
    const path = `${name}.${member.name}`;
    return [
      ...(type === member.type ? [] : [`${path}: ${member.type} there, ${type ?? "nothing"} here`]),
      ...(member.optional && required.includes(member.name) ? [`${path}: required only here`] : []),
    ];
  });
}

describe("schema.json of the Docker plugin", () => {
  it("has every resource of the package", () => {
    assert.ok(classes.length > 5);
    assert.deepEqual(
      classes.filter((token) => !resources[token]),
      [],
    );
  });

  for (const [token, { inputProperties, requiredInputs }] of Object.entries(resources)) {
    it(`takes what the package's ${token} sends`, () => {
      const [, module = "", name = ""] = /^docker:index\/(\w+):(\w+)$/.exec(token) ?? [];
      const members = membersOf(`${module}.d.ts`, `${name}Args`);
      assert.deepEqual(differences(name, members, inputProperties, requiredInputs), []);
    });
  }

  it("takes the parts of these as the package has them", () => {
    const file = "types/input.d.ts";
    const interfaces = interfacesIn(file);
    const parts = Object.entries(types)
      .map(([token, type]) => ({ name: token.slice(token.lastIndexOf(":") + 1), ...type }))
      // Others are of newer resources, or what functions answer with.
      .filter(({ name }) => interfaces.has(name));
    assert.ok(parts.length > 10);
    for (const { name, properties, required } of parts) {
      const members = membersOf(file, name, interfaces);
      assert.deepEqual(differences(name, members, properties, required), []);
    }
  });

  it("takes the provider's settings", () => {
    const { inputProperties } = schema.provider as ObjectType;
    const members = membersOf("provider.d.ts", "ProviderArgs");
    assert.deepEqual(differences("Provider", members, inputProperties), []);
  });
});
