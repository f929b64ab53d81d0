import {
  type GuardedResource,
  type Guardrail,
  isGroup,
  read,
  readJson,
  unknown,
} from "./guardrail";
import { tokenPrefix, tokens } from "../resource-tokens";
import { secretByName, secretInText, secretsInWords } from "./secrets";

/**
 * Refuses a password, a token or a private key as the plain value of a property: it would be readable in the state, in
 * logs and in every preview. Looks at every property however deep, into variables of containers, arguments of commands,
 * JSON, and lines such as `password=…`. A value marked secret is encrypted in the state, and passes.
 *
 * A value that isn't known at preview is judged in the update, before the resource is made. What a resource merely was in
 * the state isn't judged: nobody tells what of it is marked.
 */
export const noPlainSecrets: Guardrail = {
  name: "no-plain-secrets",
  description: "No property holds a password, a token or a private key that isn't marked secret.",
  severity: "critical",
  remedy:
    "Set the value by `pulumi config set --secret` or wrap it in pulumi.secret(…), or name a file or a secret store in its place; and change the secret, as it may be in the state.",
  alone: (resource) =>
    plainSecrets(resource).map(({ what, path }) => `has ${what} in plain in ${path}`),
};

interface PlainSecret {
  readonly path: string;
  readonly what: string;
}

/**
 * Type and path of variables copied by name from the caller's environment, of fingerprints, and of names of a cluster's
 * Secrets: never values.
 */
const namesOnly = [
  new RegExp(`^${tokens.Process} (passEnvironment|restartOn)$`),
  /^pulumi:providers:tollgate (database|artifactStore) parsed\.secret$/,
  // A stack's settings, in whichever resource says by which ones a pin was judged.
  new RegExp(
    String.raw`^${tokenPrefix}\w+ (\w+\.)?settings parsed\.(database|artifactStore)\.secret$`,
  ),
];

/** Fingerprints of the Secrets that a pod template's pods read, so that a new secret rolls them. */
const fingerprints = /[.]annotations[.]tollgate[.]dev\/secrets$/;

/** Properties that are secret whatever they are called, by the end of the type token. */
const secretHolders: readonly (readonly [RegExp, readonly string[]])[] = [
  [/^kubernetes:(core\/)?v1:Secret(Patch)?$/, ["data", "stringData"]],
  [/^aws:secretsmanager\/secretVersion:/, ["secretString", "secretBinary"]],
  [/^docker:index\/secret:/, ["data"]],
];

function plainSecrets({ type, props, secrets }: GuardedResource): PlainSecret[] {
  if (secrets === null) return [];
  const found: PlainSecret[] = [];
  const marked = new Set(secrets);
  const holder = holderOf(type, props);

  const walk = (value: unknown, path: string, name: string, held: boolean): void => {
    if (marked.has(path) || fingerprints.test(path)) return;
    if (namesOnly.some((form) => form.test(`${type} ${path}`))) return;
    if (typeof value === "string" || typeof value === "number") {
      const what = held ? secretHeld(value) : secretIn(name, value);
      if (what) found.push({ path, what });
      // Structure inside of a text can't be marked by itself, so the text's own path is told.
      else if (typeof value === "string") walkText(value, path);
    } else if (Array.isArray(value)) {
      const word = secretsInWords(value);
      if (word && !held) found.push({ path: `${path}[${word.index}]`, what: word.what });
      value.forEach((each, index) => walk(each, `${path}[${index}]`, name, held));
    } else if (isGroup(value)) {
      walkGroup(value, path, held);
    }
  };
  const walkGroup = (group: Readonly<Record<string, unknown>>, path: string, held: boolean) => {
    for (const key of Object.keys(group)) {
      // Containers take variables as a list of `{name, value}`.
      const named = key === "value" && typeof group["name"] === "string" ? group["name"] : key;
      const below = path ? `${path}.${key}` : key;
      walk(group[key], below, named, held || (path === "" && holder.includes(key)));
    }
  };
  const walkText = (text: string, path: string): void => {
    if (!/^\s*[[{]/.test(text)) return;
    const parsed = readJson(text);
    if (parsed === unknown) return;
    const inside = plainSecrets({ ...textResource, type: `${type} ${path}`, props: { parsed } });
    for (const { what } of inside.slice(0, 1)) found.push({ path, what });
  };
  walkGroup(props, "", false);
  return found;
}

/** What a JSON text is judged as, besides its type: the type and the path of the property that holds it. */
const textResource: Omit<GuardedResource, "type"> = {
  name: "",
  urn: "",
  props: {},
  protect: false,
  refersTo: {},
  secrets: [],
};

function holderOf(type: string, props: GuardedResource["props"]): readonly string[] {
  // A parameter of AWS is plain unless it says otherwise.
  if (type === "aws:ssm/parameter:Parameter") {
    return read(props, "type") === "SecureString" ? ["value"] : [];
  }
  return secretHolders.find(([form]) => form.test(type))?.[1] ?? [];
}

function secretHeld(value: string | number): string | null {
  return String(value).trim() === "" ? null : "a secret";
}

/** What kind of secret a value is, by itself or by its name; null for none. */
function secretIn(name: string, value: string | number): string | null {
  const byText = typeof value === "string" ? secretInText(value) : null;
  return byText ?? secretByName(name, String(value));
}
