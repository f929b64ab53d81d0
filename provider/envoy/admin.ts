/** Counters of the scorers of one cluster since each of them was added. */
export interface HostCounters {
  readonly requests: number;
  /** Answers of 5xx, dropped connections and time-outs. */
  readonly errors: number;
  /** Requests without an answer so far. */
  readonly active: number;
}

/** One bucket of a latency histogram: how many requests took at most `upToMs` (and more than the bucket before). */
export interface LatencyBucket {
  readonly upToMs: number;
  readonly count: number;
}

/** What the router has taken in. Null where it hasn't said so yet. */
export interface RouterState {
  readonly clustersVersion: string | null;
  readonly routesVersion: string | null;
  /** Clusters that wait for their first health checks. */
  readonly warmingClusters: number;
}

/** Envoy's admin interface, as far as a release needs it. Errors are one sentence. */
export class RouterAdmin {
  constructor(
    /** `http://host:port`. */
    readonly url: string,
    private readonly timeoutMs = 2000,
  ) {}

  async state(): Promise<RouterState> {
    const filter =
      "^(cluster_manager[.]cds|http[.]callers[.]rds[.]callers)[.]version_text$|^cluster_manager[.]warming_clusters$";
    const answer = (await this.get(`/stats?format=json&filter=${encodeURIComponent(filter)}`)) as {
      stats: { name: string; value: string | number }[];
    };
    const value = (name: string) => answer.stats.find((stat) => stat.name === name)?.value;
    const version = (name: string) => (value(name) ? String(value(name)) : null);
    return {
      clustersVersion: version("cluster_manager.cds.version_text"),
      routesVersion: version("http.callers.rds.callers.version_text"),
      warmingClusters: Number(value("cluster_manager.warming_clusters") ?? 0),
    };
  }

  /** Null when the router has no such cluster. */
  async hostCounters(cluster: string): Promise<HostCounters | null> {
    const answer = (await this.get(`/clusters?format=json&filter=${cluster}`)) as ClustersAnswer;
    const found = answer.cluster_statuses?.find(({ name }) => name === cluster);
    if (!found) return null;
    const hosts = found.host_statuses ?? [];
    const sum = (name: string) =>
      hosts
        .flatMap(({ stats }) => stats ?? [])
        .filter((stat) => stat.name === name)
        .reduce((total, stat) => total + Number(stat.value ?? 0), 0);
    return {
      requests: sum("rq_total"),
      errors: sum("rq_error"),
      active: sum("rq_active"),
    };
  }

  /** Latency of one cluster's answers since it was added, up to a second ago; empty when there were none. */
  async latency(cluster: string): Promise<LatencyBucket[]> {
    const filter = `^cluster[.]${cluster}[.]upstream_rq_time$`;
    const query = `format=json&histogram_buckets=disjoint&filter=${encodeURIComponent(filter)}`;
    const answer = (await this.get(`/stats?${query}`)) as HistogramAnswer;
    const found = answer.stats.flatMap(({ histograms }) => histograms ?? [])[0];
    return (found?.buckets ?? []).map(({ upper_bound, cumulative }) => ({
      upToMs: upper_bound,
      count: cumulative,
    }));
  }

  private async get(path: string): Promise<unknown> {
    try {
      const answer = await fetch(this.url + path, { signal: AbortSignal.timeout(this.timeoutMs) });
      if (!answer.ok) throw new Error(`answers ${answer.status}`);
      return await answer.json();
    } catch (error) {
      throw new Error(
        `the router's admin interface ${this.url} ${reasonOf(error)}; see the router's log, and run \`up\` again`,
      );
    }
  }
}

interface ClustersAnswer {
  cluster_statuses?: {
    name: string;
    host_statuses?: { stats?: { name: string; value?: string }[] }[];
  }[];
}

interface HistogramAnswer {
  stats: { histograms?: { buckets: { upper_bound: number; cumulative: number }[] }[] }[];
}

function reasonOf(error: unknown): string {
  const { name, message, cause } = error as Error & { cause?: { code?: string } };
  if (name === "TimeoutError") return "does not answer in time";
  return cause?.code ? `does not answer (${cause.code})` : message;
}
