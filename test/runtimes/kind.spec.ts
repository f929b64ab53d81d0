// One place knows which kinds of runtime there are: config/, which reads the setting, and runtimes/, which acts on it.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import ts from "typescript";

const root = path.join(__dirname, "..", "..");

/** Folders of sources that must not know the kinds. */
const folders = [
  ...["admission", "backings", "cli", "cluster", "components", "demo", "history", "pack"],
  ...["policies", "processes", "project", "provider", "registry", "strict", "toolchain", "trust"],
];

const kinds = new Set(["local", "kubernetes"]);

/** Names of a setting that says the kind, or that one kind alone has. */
const telling = new Set(["runtime", "kubernetes"]);

/** Types of what the settings of one kind hold. */
const ofOneKind = new Set(["LocalSettings", "ClusterSettings", "KubernetesSettings"]);

const comparisons = new Set([
  ts.SyntaxKind.EqualsEqualsToken,
  ts.SyntaxKind.EqualsEqualsEqualsToken,
  ts.SyntaxKind.ExclamationEqualsToken,
  ts.SyntaxKind.ExclamationEqualsEqualsToken,
]);

function sources(): string[] {
  const within = folders.flatMap((folder) =>
    fs
      .readdirSync(path.join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts"))
      .map((file) => path.join(folder, file)),
  );
  return ["index.ts", ...within].sort();
}

/** What in a text decides by the kind of runtime, as it is written there. */
function decisionsIn(text: string): string[] {
  // Most files name neither, and needn't be parsed.
  if (!/\b(kubernetes|runtime|\w+Settings)\b/.test(text)) return [];
  const file = ts.createSourceFile("some.ts", text, ts.ScriptTarget.Latest, true);
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (decides(node)) found.push(node.getText());
    node.forEachChild(visit);
  };
  visit(file);
  return found;
}

function decides(node: ts.Node): boolean {
  // `settings.kubernetes`, and what takes it out of settings: `({ kubernetes }: Settings) => …`.
  if (ts.isPropertyAccessExpression(node)) return node.name.text === "kubernetes";
  if (ts.isElementAccessExpression(node)) return isText(node.argumentExpression, "kubernetes");
  // `Record<Settings["runtime"], …>`: a table that every new kind would need an entry in.
  if (ts.isIndexedAccessTypeNode(node)) {
    const { indexType } = node;
    return ts.isLiteralTypeNode(indexType) && telling.has(textOf(indexType.literal));
  }
  if (ts.isTypeReferenceNode(node)) return ofOneKind.has(node.typeName.getText());
  if (ts.isBindingElement(node)) {
    return (node.propertyName ?? node.name).getText() === "kubernetes";
  }
  if (ts.isBinaryExpression(node) && comparisons.has(node.operatorToken.kind)) {
    const { left, right } = node;
    return (isKind(left) && tellsKind(right)) || (isKind(right) && tellsKind(left));
  }
  // `switch (runtime) { … }`.
  if (ts.isSwitchStatement(node)) return tellsKind(node.expression);
  return false;
}

function isKind(node: ts.Node): boolean {
  return ts.isStringLiteralLike(node) && kinds.has(node.text);
}

function isText(node: ts.Node, text: string): boolean {
  return textOf(node) === text;
}

/** The text of a string that is written out; empty for anything else. */
function textOf(node: ts.Node): string {
  return ts.isStringLiteralLike(node) ? node.text : "";
}

function tellsKind(node: ts.Node): boolean {
  const name = ts.isPropertyAccessExpression(node) ? node.name : node;
  return ts.isIdentifier(name) && telling.has(name.text);
}

describe("the kind of a runtime", () => {
  it("decides nothing but in runtimes/ and config/", () => {
    const files = sources();
    assert.ok(files.length > 200, `only ${files.length} files were looked through`);
    const wrong = files.flatMap((file) =>
      decisionsIn(fs.readFileSync(path.join(root, file), "utf8")).map((each) => `${file}: ${each}`),
    );
    assert.deepEqual(wrong, []);
  });

  for (const text of [
    'if (settings.runtime === "local") stop();',
    'const here = "kubernetes" !== runtime;',
    "const address = settings.kubernetes?.cluster ?? null;",
    'const address = settings["kubernetes"];',
    "function of({ stack, kubernetes }: Settings) {}",
    "const { kubernetes: inCluster } = settings;",
    "switch (settings.runtime) {\n}",
    "function portOf(settings: ClusterSettings) {}",
    'const titles: Record<Settings["runtime"], string> = titlesOf();',
  ]) {
    it(`is seen to decide in ${JSON.stringify(text)}`, () => {
      assert.equal(decisionsIn(text).length, 1);
    });
  }

  for (const text of [
    "const sentence = `${stack} is on runtime ${runtime}`;",
    'const label = metadata.labels["app.kubernetes.io/name"];',
    'const ofCluster = type.startsWith("kubernetes:");',
    'const language = typeof runtime === "string" ? runtime : runtime.name;',
  ]) {
    it(`decides nothing in ${JSON.stringify(text)}`, () => {
      assert.deepEqual(decisionsIn(text), []);
    });
  }
});
