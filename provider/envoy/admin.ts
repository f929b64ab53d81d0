import { adminAddress, askAdmin, shownAddress } from "./admin-wire";

/** Counters of the scorers of one cluster since each of them was added. */
export interface HostCounters {
  readonly requests: number;
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
  /** @param stateDir the stack's state folder: the router's own configuration there says where it listens */
  constructor(
    private readonly stateDir: string,
    private readonly timeoutMs = 2000,
  ) {}

  async state(): Promise<RouterState> {
    const filter =
      "^(cluster_manager[.]cds|http[.]callers[.]rds[.]callers)[.]version_text$|^cluster_manager[.]warming_clusters$";
    const answer = (await this.get(
      `/stats?format=json&filter=${encodeURIComponent(filter)}`,
    )) as StatsAnswer;
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
      active: sum("rq_active"),
    };
  }

  /** Good answers (2xx) that a fallback cluster's second part gave, whose answers are counted apart. */
  async answeredApart(fallback: string): Promise<number> {
    return this.sumOf(fallback, ["canary.upstream_rq_2xx"]);
  }

  /**
   * Requests of a cluster that got no answer: no connection, one that broke in the middle or spoke no HTTP, or nothing
   * in time. An answer of 5xx isn't among them.
   */
  async unanswered(cluster: string): Promise<number> {
    return this.sumOf(cluster, [
      "upstream_rq_pending_failure_eject",
      "upstream_cx_destroy_remote_with_active_rq",
      "upstream_cx_protocol_error",
      "upstream_rq_timeout",
    ]);
  }

  private async sumOf(cluster: string, statistics: readonly string[]): Promise<number> {
    const names = new Set(statistics.map((name) => `cluster.${cluster}.${name}`));
    const filter = `^cluster[.]${cluster}[.](${statistics.join("|").replaceAll(".", "[.]")})$`;
    const answer = (await this.get(
      `/stats?format=json&filter=${encodeURIComponent(filter)}`,
    )) as StatsAnswer;
    return answer.stats
      .filter(({ name }) => names.has(name))
      .reduce((sum, { value }) => sum + Number(value), 0);
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
    const address = adminAddress(this.stateDir);
    try {
      return JSON.parse(await askAdmin(address, path, this.timeoutMs)) as unknown;
    } catch (error) {
      throw new Error(
        `the router's admin interface ${shownAddress(address)} ${reasonOf(error)}; see the router's log, and run \`up\` again`,
      );
    }
  }
}

interface StatsAnswer {
  stats: { name: string; value: string | number }[];
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
  const { name, message, code } = error as Error & { code?: string };
  if (name === "AbortError" || name === "TimeoutError") return "does not answer in time";
  return code ? `does not answer (${code})` : message;
}
