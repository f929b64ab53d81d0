import { Secret } from "@pulumi/policy";
import * as proxy from "@pulumi/policy/proxy";
import { unknown } from "./guardrail";

/** The properties of a resource without the policy SDK's wrappers. */
export interface PlainProps {
  /** Plain values; `unknown` stands for each that isn't known yet. */
  readonly props: Record<string, unknown>;
  /** Paths of what is marked secret, such as `spec.password`. The SDK tells them to a remediation alone. */
  readonly secrets: string[];
}

// Exported by the SDK, but left out of its types.
const { getSpecialProxyTarget, isSpecialProxy } = proxy as unknown as {
  getSpecialProxyTarget: string;
  isSpecialProxy: string;
};

/** What the SDK puts in the place of a value that isn't known yet. */
const placeholders = new Set(
  Object.entries(proxy)
    .filter(([name, value]) => /^unknown\w+Value$/.test(name) && typeof value === "string")
    .map(([, value]) => value as unknown),
);

/** Takes the wrappers off: in place of a value that isn't known, reading it would throw. */
export function plainProps(given: Readonly<Record<string, unknown>>): PlainProps {
  const secrets: string[] = [];
  const plain = (wrapped: unknown, path: string): unknown => {
    const value = unwrapped(wrapped);
    if (value instanceof Secret) {
      secrets.push(path);
      return plain(value.value, path);
    }
    if (placeholders.has(value)) return unknown;
    if (Array.isArray(value)) return value.map((each, index) => plain(each, `${path}[${index}]`));
    // Files and archives are of a class of their own, and hold nothing to judge.
    if (!isPlainObject(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, each]) => [key, plain(each, path ? `${path}.${key}` : key)]),
    );
  };
  const props = plain(given, "");
  return { props: props as Record<string, unknown>, secrets };
}

/** The SDK wraps twice: against values that aren't known, and to keep secrets. */
function unwrapped(value: unknown): unknown {
  let inner = value as Record<string, unknown>;
  while (typeof inner === "object" && inner !== null && inner[isSpecialProxy] === true) {
    inner = inner[getSpecialProxyTarget] as Record<string, unknown>;
  }
  return inner;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return (
    typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype
  );
}
