/** A resource as a stack policy sees it. Reading a property that isn't known yet throws. */
export interface StackResource {
  readonly type: string;
  readonly name: string;
  readonly props: Readonly<Record<string, unknown>>;
}

/** What names the served version, by type token of the resources that stand for it. */
const serving: Readonly<Record<string, readonly ("version" | "digest")[]>> = {
  "tollgate:index:ReleaseCheck": ["version", "digest"],
  "tollgate:index:Route": ["version", "digest"],
  "tollgate:index:StageAlias": ["version"],
};

/**
 * Refuses a stack in which anything that serves names another version or other bytes than the one admission, or in which
 * something serves with no admission or several. A program of a user's own could otherwise go round the pin.
 */
export const servesWhatWasAdmitted = {
  name: "serves-what-was-admitted",
  description: "Everything that serves in a stack serves the version its one pin was admitted for.",
  remedy: "Give serving components the pin of the stack's one ModelPin.",
  check(resources: readonly StackResource[]): string[] {
    const served = resources.filter(({ type }) => type in serving);
    const admissions = resources.filter(({ type }) => type === "tollgate:index:Admission");
    if (served.length === 0) return [];
    const [admission] = admissions;
    if (!admission || admissions.length > 1) {
      return [
        `The stack serves with ${admissions.length} admitted pins; there must be exactly one.`,
      ];
    }
    const pin = read(admission, "pin") as { version?: unknown; digest?: unknown } | undefined;
    return served.flatMap((resource) =>
      serving[resource.type]!.flatMap((fact) => {
        const value = read(resource, fact);
        if (value !== undefined && value === pin?.[fact]) return [];
        return [
          `${resource.name} serves ${fact} ${String(value ?? "unknown")}, but ${String(pin?.[fact] ?? "none")} was admitted.`,
        ];
      }),
    );
  },
};

/** A property, or undefined when it isn't there or isn't known yet. */
function read({ props }: StackResource, name: string): unknown {
  try {
    return props[name];
  } catch {
    return undefined;
  }
}
