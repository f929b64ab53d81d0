// What Prometheus itself makes of our queries and rules: promtool runs them over series made up for it, in a pod.
import { analysisManifests } from "../../runtimes/kubernetes/manifests/analysis";
import { monitoringManifests } from "../../runtimes/kubernetes/manifests/monitoring";
import { settingsOf } from "../runtimes/kubernetes/served";
import { type TestCluster, testCluster } from "../support/cluster";

interface Metric {
  readonly name: string;
  readonly provider: { prometheus: { query: string } };
}

const settings = settingsOf({ monitoring: "operator", prometheus: "http://prometheus:9090" });
const { namespace } = settings.kubernetes.cluster;
const minutes = 15;

/** Of which pods: those that are being released, or those of before. */
type Side = "new" | "old";

/** A counter of one pod that grows evenly by so much a minute. */
function counter(side: Side, metric: string, labels: string, perMinute: number) {
  const pod = `pod="scorer-${side}-a1b2c",tollgate_dev_generation="${side}"`;
  const series = `${metric}{namespace="${namespace}",${pod},route="/predict",${labels}}`;
  return { series, values: `0+${perMinute}x${minutes}` };
}

/** Requests a minute that a pod answers well, and badly. */
function requests(side: Side, good: number, bad: number) {
  const name = "tollgate_scorer_requests_total";
  return [
    counter(side, name, 'code="200"', good),
    ...(bad > 0 ? [counter(side, name, 'code="500"', bad)] : []),
  ];
}

/** Requests a minute up to 50 ms, and between 200 and 500 ms. */
function times(side: Side, fast: number, slow: number) {
  const name = "tollgate_scorer_request_seconds_bucket";
  return Object.entries({
    "0.025": 0,
    "0.05": fast,
    "0.2": fast,
    "0.5": fast + slow,
    "+Inf": fast + slow,
  }).map(([le, perMinute]) => counter(side, name, `le="${le}"`, perMinute));
}

function queryOf(metric: string): string {
  const templates = analysisManifests(settings).map(
    (template) => (template["spec"] as { metrics: Metric[] }).metrics,
  );
  const found = templates.flat().find(({ name }) => name === metric)!;
  const { query } = found.provider.prometheus;
  return query.replaceAll("{{args.new}}", "new").replaceAll("{{args.old}}", "old");
}

interface EndedPod {
  readonly status: { containerStatuses: { state: { terminated: { exitCode: number } } }[] };
}

interface RuleTest {
  readonly interval: "1m";
  readonly input_series: readonly object[];
  readonly promql_expr_test?: readonly object[];
  readonly alert_rule_test?: readonly object[];
}

/** A query gives one value, to five places, or nothing. */
function gives(metric: string, value: number | null, ...series: object[][]): RuleTest {
  const samples = value === null ? [] : [{ labels: "{}", value: Math.round(100_000 * value) }];
  return {
    interval: "1m",
    input_series: series.flat(),
    promql_expr_test: [
      {
        expr: `round(100000 * (${queryOf(metric)}))`,
        eval_time: `${minutes}m`,
        exp_samples: samples,
      },
    ],
  };
}

/** A rule warns with this summary, or doesn't. */
function warns(
  alert: string,
  summary: string | null,
  severity: string,
  series: object[],
): RuleTest {
  const expected = { exp_labels: { severity }, exp_annotations: { summary } };
  return {
    interval: "1m",
    input_series: series,
    alert_rule_test: [
      {
        alertname: alert,
        eval_time: `${minutes}m`,
        exp_alerts: summary === null ? [] : [expected],
      },
    ],
  };
}

/** Runs promtool in a pod; it ends with an error, and says which, when a test fails. */
async function promtool(cluster: TestCluster, tests: readonly RuleTest[]): Promise<void> {
  const name = cluster.namespace();
  const rules = monitoringManifests(settings).find(({ kind }) => kind === "PrometheusRule")!;
  const test = { rule_files: ["rules.yml"], evaluation_interval: "1m", tests };
  const data = { "rules.yml": JSON.stringify(rules["spec"]), "test.yml": JSON.stringify(test) };
  const metadata = { name: "promtool", namespace: name };
  const items = [
    { apiVersion: "v1", kind: "Namespace", metadata: { name } },
    { apiVersion: "v1", kind: "ConfigMap", metadata, data },
    {
      apiVersion: "v1",
      kind: "Pod",
      metadata,
      spec: {
        restartPolicy: "Never",
        containers: [
          {
            name: "promtool",
            image: cluster.images.prometheus,
            command: ["promtool", "test", "rules", "/tests/test.yml"],
            volumeMounts: [{ name: "tests", mountPath: "/tests" }],
          },
        ],
        volumes: [{ name: "tests", configMap: { name: "promtool" } }],
      },
    },
  ];
  const inIt = ["--namespace", name];
  try {
    const list = JSON.stringify({ apiVersion: "v1", kind: "List", items });
    await cluster.kubectl(["apply", "--filename", "-"], list);
    const ended = ["--for=jsonpath={.status.containerStatuses[0].state.terminated.reason}"];
    await cluster.kubectl([...inIt, "wait", "pod/promtool", ...ended, "--timeout=120s"]);
    const { status } = await cluster.get<EndedPod>(...inIt, "pod/promtool");
    const said = await cluster.kubectl([...inIt, "logs", "promtool"]);
    if (status.containerStatuses[0]!.state.terminated.exitCode !== 0) throw new Error(said);
  } finally {
    await cluster.kubectl(["delete", "namespace", name]);
  }
}

describe("liveMetrics", function () {
  this.timeout(180_000);

  it("measure the new version, compare it with the old one, and say nothing of few requests", async () => {
    await promtool(testCluster(), [
      gives("error-share", 0.03, requests("new", 97, 3), requests("old", 100, 0)),
      gives("error-share", 0, requests("new", 100, 0)),
      gives("error-share", null, requests("new", 1, 0)),
      gives("error-share", null, requests("old", 100, 0)),
      gives("error-share", null),
      gives("p95-seconds", 0.35, requests("new", 100, 0), times("new", 90, 10)),
      gives("p95-seconds", null, requests("new", 1, 0), times("new", 1, 0)),
      gives("p95-seconds", null),
      // Twice the errors of before.
      gives("error-share-above-old", 0.005, requests("new", 98, 2), requests("old", 99, 1)),
      // As many as before, and better than before.
      gives("error-share-above-old", -0.005, requests("new", 99, 1), requests("old", 99, 1)),
      // Too few errors to be more than chance: 0 is within the limit.
      gives("error-share-above-old", 0, requests("new", 100, 0), requests("old", 99, 1)),
      // Nobody asked the old one, or there is none.
      gives("error-share-above-old", null, requests("new", 97, 3), requests("old", 0, 0)),
      gives("error-share-above-old", null, requests("new", 97, 3)),
      gives(
        "p95-seconds-above-old",
        0.30125,
        ...[requests("new", 100, 0), times("new", 90, 10)],
        ...[requests("old", 100, 0), times("old", 100, 0)],
      ),
      gives("p95-seconds-above-old", null, requests("new", 100, 0), times("new", 90, 10)),
    ]);
  });
});

describe("PrometheusRule", function () {
  this.timeout(180_000);

  it("warns when a limit is passed, and is silent without requests", async () => {
    const what = "churn-model in staging";
    const notReady = (value: number) => ({
      series: `kube_pod_status_ready{namespace="${namespace}",pod="scorer-1a2b3c4d-x",condition="false"}`,
      values: `${value}x${minutes}`,
    });
    const inFlight = (side: Side) => counter(side, "tollgate_scorer_in_flight", 'version="1"', 0);
    await promtool(testCluster(), [
      warns(
        "TollgateErrors",
        `${what}: 3% of the requests fail, 1 % may (tollgate:release.maxErrorRate).`,
        "critical",
        requests("new", 97, 3),
      ),
      warns("TollgateErrors", null, "critical", requests("new", 100, 0)),
      warns("TollgateErrors", null, "critical", requests("new", 0, 0)),
      warns("TollgateErrors", null, "critical", []),
      warns(
        "TollgateLatency",
        `${what}: the P95 latency is 350ms, 200 ms are allowed (tollgate:release.maxP95Ms).`,
        "warning",
        [...requests("new", 100, 0), ...times("new", 90, 10)],
      ),
      warns("TollgateLatency", null, "warning", [
        ...requests("new", 100, 0),
        ...times("new", 100, 0),
      ]),
      warns(
        "TollgateScorersNotReady",
        `${what}: 1 scorers aren't ready; \`tollgate status\` says why.`,
        "warning",
        [notReady(1)],
      ),
      warns("TollgateScorersNotReady", null, "warning", [notReady(0)]),
      warns("TollgateReleaseUnfinished", null, "warning", [inFlight("new"), inFlight("old")]),
    ]);
  });
});
