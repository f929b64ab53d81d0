import { type Cluster, ClusterError } from "../../../cluster/cluster";
import type { Journal, PreviousMark } from "../journal";
import type { Service } from "./objects";
import { nowhere, selects } from "./selectors";

/** The Service that callers use. Its annotations say what was released; a selector of ours says to which pods. */
export const annotations = {
  version: "tollgate.dev/version",
  digest: "tollgate.dev/digest",
  /** The journal of a release, as JSON. */
  journal: "tollgate.dev/release",
  /** When the last release was aborted that Argo has ended. */
  aborted: "tollgate.dev/aborted",
} as const;

const mostAttempts = 5;

/** Where a cluster's traffic went before a release. */
export interface ClusterTraffic {
  /** The Service's selector; null: it had none, and callers got no answer. */
  readonly selector: Readonly<Record<string, string>> | null;
  readonly version: string | null;
  readonly digest: string | null;
  /** Where Argo moves traffic: its hash of the stable pods; null at the first release. */
  readonly stable: string | null;
}

/** Schema of the journal in a cluster. */
export const journalSchema = "tollgate.cluster-release/1";

/** What it was called before: the name of the journal on this machine, which is another document. */
const formerSchema = "tollgate.release/1";

export interface ClusterJournal extends Journal {
  readonly schema: typeof journalSchema;
  /** The Rollout whose template an undo puts back; null: the Service's selector is what moves traffic. */
  readonly rollout: string | null;
  /** The Rollout that Argo moved the Service for until now, and that is kept from it; null or missing: there is none. */
  readonly held?: string | null;
  readonly previous: ClusterTraffic;
}

/** What can be written to a Service at once; null removes an annotation, and a selector that is null leads nowhere. */
interface Change {
  readonly selector?: Readonly<Record<string, string>> | null;
  readonly annotations?: Readonly<Record<string, string | null>>;
}

/** The scorer's Service as a release sees it. */
export class ScorerService {
  private readonly path: string;

  constructor(
    private readonly cluster: Cluster,
    readonly name: string,
  ) {
    this.path = `/api/v1/namespaces/${cluster.address.namespace}/services/${name}`;
  }

  find(): Promise<Service | null> {
    return this.cluster.find<Service>(this.path);
  }

  async get(): Promise<Service> {
    return this.cluster.request<Service>("GET", this.path);
  }

  /** The journal; null without a release under way, or without the Service. */
  async journal(): Promise<ClusterJournal | null> {
    return journalIn(await this.find());
  }

  /**
   * Writes selector and annotations in one request, if the Service is still what it was when it was read.
   *
   * @throws ClusterError with code `conflict` when somebody changed it meanwhile
   */
  change(seen: Service, { selector, annotations }: Change): Promise<Service> {
    const { resourceVersion } = seen.metadata;
    const before = Object.keys(seen.spec.selector ?? {});
    // In a merge patch, keys that aren't named stay.
    const dropped = Object.fromEntries(before.map((key) => [key, null]));
    const leads = selector === null ? nowhere : selector;
    return this.cluster.request<Service>("PATCH", `${this.path}?fieldManager=tollgate-release`, {
      contentType: "application/merge-patch+json",
      body: {
        metadata: { resourceVersion, ...(annotations ? { annotations } : {}) },
        ...(leads === undefined ? {} : { spec: { selector: { ...dropped, ...leads } } }),
      },
    });
  }

  /**
   * Changes the Service by what it is now, and once more by what it is then when others, Argo's controller most of all,
   * changed it in between.
   *
   * @param by null: nothing is to be changed
   * @param first the Service, where it has just been read
   * @throws ClusterError with code `conflict` when they do so every time
   */
  async revise(by: (seen: Service) => Change | null, first?: Service): Promise<Service> {
    let seen = first ?? (await this.get());
    for (let attempt = 1; ; attempt++) {
      const change = by(seen);
      if (!change) return seen;
      try {
        return await this.change(seen, change);
      } catch (error) {
        const others = error instanceof ClusterError && error.code === "conflict";
        if (!others || attempt === mostAttempts) throw error;
        seen = await this.get();
      }
    }
  }

  /** @param of the journal to write, by what the Service is now; null: none */
  writeJournal(of: (seen: Service) => ClusterJournal | null): Promise<Service> {
    return this.revise((seen) => {
      const journal = of(seen);
      return journal && { annotations: { [annotations.journal]: JSON.stringify(journal) } };
    });
  }

  /** The first record of a release stays. */
  async recordMark(mark: PreviousMark): Promise<void> {
    await this.writeJournal((seen) => {
      const journal = journalIn(seen);
      return journal && !journal.mark ? { ...journal, mark } : null;
    });
  }

  /** @param abortedAt when Argo aborted the release, if it did */
  async clearJournal(abortedAt: string | null = null): Promise<void> {
    const first = await this.find();
    if (!first) return;
    const none = { [annotations.journal]: null, [annotations.aborted]: abortedAt };
    await this.revise((seen) => (journalIn(seen) ? { annotations: none } : null), first);
  }
}

/**
 * The journal on a Service.
 *
 * @throws Error when there is one that can't be read
 */
export function journalIn(service: Service | null): ClusterJournal | null {
  const text = service?.metadata.annotations?.[annotations.journal];
  if (text === undefined) return null;
  try {
    const journal = JSON.parse(text) as Omit<ClusterJournal, "schema"> & { schema: unknown };
    if ([journalSchema, formerSchema].includes(String(journal.schema))) {
      return { ...journal, schema: journalSchema };
    }
  } catch {
    // Said below.
  }
  throw new Error(
    `the annotation ${annotations.journal} of Service ${service!.metadata.name} can't be read; check with \`tollgate status\` what is served, remove the annotation and run \`up\` again`,
  );
}

/** Where traffic goes by a Service. */
export function trafficOf(service: Service): Omit<ClusterTraffic, "stable"> {
  const { metadata, spec } = service;
  const selector = selects(service, null) || selects(service, nowhere) ? null : spec.selector!;
  return {
    selector,
    version: metadata.annotations?.[annotations.version] ?? null,
    digest: metadata.annotations?.[annotations.digest] ?? null,
  };
}
