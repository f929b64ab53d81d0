/** Series of scorers, as a selector of Prometheus without its braces. */
type Selector = string;

/** Requests that callers send to have rows scored. */
const scoring = 'route=~"/predict|/invocations"';
const requests = "tollgate_scorer_requests_total";
const seconds = "tollgate_scorer_request_seconds_bucket";

/** Fewer requests than this say nothing about a share or a percentile. */
export const enoughRequests = 20;
/** Fewer errors than this are chance when two versions are compared. */
export const enoughErrors = 5;

/**
 * How a query counts: over a window such as `10m`, or since the scorers started. A new version's scorers started with the
 * release, so that their whole count is the release's, however seldom Prometheus comes by.
 */
export type Window = string | "since-start";

/** Number of scoring requests; 0 when nothing was scraped. */
export function requestCount(of: Selector, window: Window): string {
  return orZero(`sum(${counted(requests, `${of},${scoring}`, window)})`);
}

/** Number of those that failed for a reason of the scorer's. */
export function errorCount(of: Selector, window: Window): string {
  return orZero(`sum(${counted(requests, `${of},${scoring},code=~"5.."`, window)})`);
}

/** Share of scoring requests that failed, 0 to 1; NaN when there were none. */
export function errorShare(of: Selector, window: Window): string {
  return `${errorCount(of, window)} / ${requestCount(of, window)}`;
}

/** 95th percentile of the time of a scoring request, in seconds; nothing or NaN when there were none. */
export function p95Seconds(of: Selector, window: Window): string {
  return `histogram_quantile(0.95, sum by (le) (${counted(seconds, `${of},${scoring}`, window)}))`;
}

/** The query's value once there were enough requests of everybody it is about, and nothing before. */
export function onceEnough(query: string, ...counts: string[]): string {
  return [`(${query})`, ...counts.map((count) => `(${count} >= ${enoughRequests})`)].join(" and ");
}

function counted(metric: string, selector: string, window: Window): string {
  const series = `${metric}{${selector}}`;
  return window === "since-start" ? series : `increase(${series}[${window}])`;
}

function orZero(query: string): string {
  return `(${query} or vector(0))`;
}
