import { type GuardedResource, type GuardedStack, read, unknown } from "./guardrail";

/** How resources of some types name the one that they are about. */
export interface Naming {
  readonly types: readonly string[];
  /** Property in which they name it, such as `bucket`. */
  readonly by: string;
  /** Properties of the named resource that the name may be. */
  readonly names: readonly string[];
}

/**
 * Resources of a stack that are about another one. The name decides where both sides know it; where it isn't known yet,
 * the name was made from that resource.
 */
export function beside(
  target: GuardedResource,
  { types, by, names }: Naming,
  { resources }: GuardedStack,
): GuardedResource[] {
  const own = [...names, "id"]
    .map((name) => read(target.props, name))
    .filter((name) => typeof name === "string");
  return resources.filter((each) => {
    if (!types.includes(each.type)) return false;
    const name = read(each.props, by);
    if (typeof name === "string" && own.length > 0) return own.includes(name);
    const isOpen = name === unknown || typeof name === "string";
    return isOpen && (each.refersTo[by] ?? []).includes(target.urn);
  });
}
