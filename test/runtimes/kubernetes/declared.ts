import * as pulumi from "@pulumi/pulumi";
import { type Answers, registrationsOf } from "../../support/mocks";

/** A resource as the engine was told of it, with its options. */
export interface Declared {
  readonly type: string;
  readonly name: string;
  readonly inputs: Readonly<Record<string, unknown>>;
  /** Names of the resources it was told to wait for, beside those whose outputs it takes. */
  readonly after: readonly string[];
  readonly retained: boolean;
  readonly ignored: readonly string[];
  /** Logical name of the parent. */
  readonly parent: string | undefined;
}

/**
 * What a program declares below one component, under Pulumi's mocks. The mocks alone tell nothing of options, so a
 * transformation reads them.
 */
export async function declaredBy(
  program: (opts: pulumi.ComponentResourceOptions) => unknown,
  answers?: Answers,
): Promise<Declared[]> {
  const options = new Map<string, Omit<Declared, "type" | "name" | "inputs">>();
  const reading: pulumi.ResourceTransformation = ({ name, opts }) => {
    options.set(name, {
      after: dependencies(opts).map(nameOf),
      retained: opts.retainOnDelete === true,
      ignored: opts.ignoreChanges ?? [],
      parent: opts.parent && nameOf(opts.parent),
    });
    return undefined;
  };
  const registered = await registrationsOf(() => {
    const parent = new pulumi.ComponentResource(
      "test:component:Parent",
      parentName,
      {},
      {
        transformations: [reading],
      },
    );
    return program({ parent });
  }, answers);
  return registered
    .filter(({ name }) => name !== parentName)
    .map((each) => ({ ...each, ...options.get(each.name)! }));
}

const parentName = "parent";

/** Type token by name. */
export function typesOf(declared: readonly Declared[]): Record<string, string> {
  return Object.fromEntries(declared.map(({ name, type }) => [name, type]));
}

function dependencies({ dependsOn }: pulumi.ResourceOptions): pulumi.Resource[] {
  if (dependsOn === undefined) return [];
  return (Array.isArray(dependsOn) ? dependsOn : [dependsOn]) as pulumi.Resource[];
}

// Left out of the SDK's types.
function nameOf(resource: pulumi.Resource): string {
  return (resource as unknown as { __name: string }).__name;
}
