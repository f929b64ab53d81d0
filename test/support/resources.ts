import type { TestProject } from "./project";

/** What a state says of one resource. */
export interface RecordedResource {
  readonly urn: string;
  /** The end of the URN, which the program gave. */
  readonly name: string;
  /** What the provider calls it; components have none. */
  readonly id: string | null;
  /** When the engine first made it. An update keeps this, a replacement doesn't. */
  readonly created: string;
}

interface Exported {
  deployment: {
    /** Missing where there are none. */
    resources?: { urn: string; id?: string; created?: string }[];
  };
}

/** Every resource of a stack, as `pulumi stack export` gives them. */
export async function recordedResources(
  project: TestProject,
  stack: string,
): Promise<RecordedResource[]> {
  const { stdout } = await project.pulumi(["stack", "export", "--stack", stack]);
  const { resources = [] } = (JSON.parse(stdout) as Exported).deployment;
  return resources.map(({ urn, id = null, created = "" }) => ({
    urn,
    name: urn.split("::").at(-1)!,
    id,
    created,
  }));
}

/** Those of `before` that `after` lacks, or has made anew. An alias carries a resource over to another name. */
export function notKept(
  before: readonly RecordedResource[],
  after: readonly RecordedResource[],
): RecordedResource[] {
  const now = new Map(after.map((resource) => [resource.urn, resource]));
  return before.filter((resource) => {
    const same = now.get(resource.urn) ?? after.find((each) => isCarriedOver(resource, each));
    return same?.id !== resource.id || same.created !== resource.created;
  });
}

function isCarriedOver(before: RecordedResource, after: RecordedResource): boolean {
  const kind = ({ urn, id, created }: RecordedResource) =>
    JSON.stringify([urn.split("::")[2]!.split("$").at(-1), id, created]);
  return before.id !== null && kind(before) === kind(after);
}
