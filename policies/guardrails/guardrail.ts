/** A resource of the stack, as a rule sees it. */
export interface GuardedResource {
  /** Type token, such as `aws:s3/bucket:Bucket`. */
  readonly type: string;
  /** Name in the program. */
  readonly name: string;
  readonly urn: string;
  /** What the program and the provider's defaults say, as plain values; `unknown` for each that isn't known yet. */
  readonly props: Readonly<Record<string, unknown>>;
  /** Is it protected from deletion by the resource option `protect`? */
  readonly protect: boolean;
  /** By property, the URNs of the resources that its value was made from. Empty while it is judged alone. */
  readonly refersTo: Readonly<Record<string, readonly string[]>>;
  /**
   * Paths of the properties that are marked secret, such as `spec.password`: all below them is secret too. Null where
   * nobody told, as of a resource that this run didn't ask for.
   */
  readonly secrets: readonly string[] | null;
}

/** What a rule knows besides the resources: from the settings files of the project folder. */
export interface Surroundings {
  /** Do the rules of production hold? Also where nobody can tell which tier the stack has. */
  readonly production: boolean;
  /** Names of the resources that may be reached from elsewhere, `tollgate:exposed` of the stack's file. */
  readonly exposed: readonly string[];
  /** Where this stack keeps its data and secrets, by setting, such as `tollgate:artifactStore.bucket`. */
  readonly places: Readonly<Record<string, string>>;
  /** The other stacks of the project folder, with their places; null for a stack whose file can't be read. */
  readonly neighbours: readonly {
    readonly stack: string;
    readonly places: Readonly<Record<string, string>> | null;
  }[];
}

/** What a rule judges: plain values alone, so that the same stack always gets the same answer. */
export interface GuardedStack extends Surroundings {
  readonly resources: readonly GuardedResource[];
}

/** A rule for infrastructure, of pure functions. It has one of the two questions, or both. */
export interface Guardrail {
  /** kebab-case, equal to the file name. */
  readonly name: string;
  /** One sentence. */
  readonly description: string;
  readonly severity: "low" | "medium" | "high" | "critical";
  /** What to do about a violation. */
  readonly remedy: string;
  /**
   * What is wrong with one resource by itself, as clauses such as `has the ACL "public-read"`. Asked before the resource
   * is made, in previews and in updates.
   */
  readonly alone?: (resource: GuardedResource, surroundings: Surroundings) => readonly string[];
  /** What is wrong with the resources together, as sentences. Asked at the end of previews and updates. */
  readonly together?: (stack: GuardedStack) => readonly string[];
}

/** What a rule has against one resource by itself, a sentence each. */
export function judgeAlone(
  { alone }: Guardrail,
  resource: GuardedResource,
  surroundings: Surroundings,
): string[] {
  const clauses = alone?.(resource, surroundings) ?? [];
  return clauses.map((clause) => `${titled(resource)} ${clause}.`);
}

/** What a rule has against a whole stack, a sentence each; none for a stack that is right. */
export function judgeStack(guardrail: Guardrail, stack: GuardedStack): string[] {
  return [
    ...stack.resources.flatMap((resource) => judgeAlone(guardrail, resource, stack)),
    ...(guardrail.together?.(stack) ?? []),
  ];
}

/** Stands for a value that isn't known before the resource is made. */
export const unknown = Symbol("not known yet");

/** A value inside something: undefined where there is none, `unknown` where it or what it is in isn't known yet. */
export function read(from: unknown, ...path: string[]): unknown {
  const found = path.reduce(
    (value, key) =>
      value === unknown ? unknown : (value as Record<string, unknown> | null | undefined)?.[key],
    from,
  );
  // Providers write null for what isn't set.
  return found ?? undefined;
}

/** A list inside something: empty where there is none, `unknown` where it isn't known yet or is no list. */
export function readList(from: unknown, ...path: string[]): readonly unknown[] | typeof unknown {
  const value = read(from, ...path) ?? [];
  return Array.isArray(value) ? value : unknown;
}

/** Is it an object with named values, neither a list nor of a class of its own? */
export function isGroup(value: unknown): value is Readonly<Record<string, unknown>> {
  return (
    typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype
  );
}

/** What a JSON text holds; `unknown` for what isn't known yet or isn't JSON. */
export function readJson(text: unknown): unknown {
  if (typeof text !== "string") return unknown;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return unknown;
  }
}

/** A value in a sentence. */
export function shown(value: unknown): string {
  if (value === unknown) return "a value not known yet";
  if (value === undefined) return "nothing";
  if (typeof value === "number") return String(value);
  const text = JSON.stringify(value) ?? typeof value;
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

/** Type and name, as in `aws:s3/bucket:Bucket models`. */
export function titled({ type, name }: GuardedResource): string {
  return `${type} ${name}`;
}
