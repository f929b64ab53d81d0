// Argo's analyses as data. Cannot prove what a query finds, nor that Argo runs them: test/cluster/ does.
import assert from "node:assert/strict";
import {
  analysisManifests,
  postPromotionAnalysis,
  stepAnalysis,
} from "../../../runtimes/kubernetes/manifests/analysis";
import type { ClusterSettings } from "../../../config/settings";
import { settingsOf } from "./served";

const prometheus = "http://prometheus.monitoring.svc:9090";

interface Metric {
  readonly name: string;
  readonly interval: string;
  readonly count: number;
  readonly successCondition: string;
  readonly failureCondition: string;
  readonly failureLimit: number;
  readonly inconclusiveLimit: number;
  readonly provider: Record<string, Record<string, unknown>>;
}

function metricsOf(settings: ClusterSettings, template: string): Metric[] {
  const found = analysisManifests(settings).find(({ metadata }) => metadata.name === template);
  return (found!["spec"] as { metrics: Metric[] }).metrics;
}

describe("analysisManifests", () => {
  it("are a Job alone where the settings name no Prometheus", () => {
    const templates = analysisManifests(settingsOf()).map(({ metadata }) => metadata.name);
    assert.deepEqual(templates, ["release-check"]);
  });

  it("ask the new version alone, once, with the release's limits", () => {
    const [metric] = metricsOf(settingsOf({ resourceLevel: "limits" }), "release-check");
    const { spec } = metric!.provider["job"] as { spec: Record<string, unknown> };
    assert.equal(spec["backoffLimit"], 0);
    const { spec: pod } = spec["template"] as { spec: Record<string, unknown> };
    assert.equal(pod["restartPolicy"], "Never");
    assert.equal(pod["automountServiceAccountToken"], false);
    const [container] = pod["containers"] as Record<string, unknown>[];
    assert.deepEqual(container!["command"], [
      "python",
      "-m",
      "tollgate_serving.cluster.release_check",
    ]);
    assert.deepEqual(container!["args"], [
      ...["--url", "http://scorer-preview:8000", "--model", "churn-model"],
      ...["--version", "{{args.version}}", "--digest", "{{args.digest}}"],
      ...["--max-p95-ms", "200", "--max-error-rate", "0.01", "--timeout-seconds", "30"],
    ]);
    assert.deepEqual(container!["resources"], {
      requests: { cpu: "500m", memory: "512Mi" },
      limits: { cpu: "500m", memory: "512Mi" },
    });
    assert.deepEqual(container!["securityContext"], {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
  });

  it("give the Job time for as many slow answers as are allowed", () => {
    const settings = settingsOf();
    const release = { ...settings.release, maxP95Ms: 2000 };
    const [metric] = metricsOf({ ...settings, release }, "release-check");
    const { spec } = metric!.provider["job"] as { spec: Record<string, unknown> };
    assert.equal(spec["activeDeadlineSeconds"], 120 + 30 + 1200);
  });

  it("ask Prometheus about limits and about the old version while a release is watched", () => {
    const settings = settingsOf({ prometheus });
    const release = { ...settings.release, watchSeconds: 60, maxErrorRate: 0.02, maxP95Ms: 150 };
    const metrics = metricsOf({ ...settings, release }, "live-metrics");
    assert.deepEqual(
      metrics.map(({ name, failureCondition }) => [name, failureCondition]),
      [
        ["error-share", "len(result) > 0 && result[0] > 0.02"],
        ["p95-seconds", "len(result) > 0 && result[0] > 0.15"],
        ["error-share-above-old", "len(result) > 0 && result[0] > 0"],
        ["p95-seconds-above-old", "len(result) > 0 && result[0] > 0.1"],
      ],
    );
    for (const metric of metrics) {
      assert.deepEqual([metric.interval, metric.count, metric.failureLimit], ["12s", 6, 0]);
      assert.equal(metric.provider["prometheus"]!["address"], prometheus);
    }
  });

  it("neither pass nor fail a version that Prometheus saw too few requests of", () => {
    for (const metric of metricsOf(settingsOf({ prometheus }), "live-metrics")) {
      assert.match(metric.successCondition, /^len\(result\) > 0 && result\[0\] <= [0-9.]+$/);
      assert.match(metric.failureCondition, /^len\(result\) > 0 && result\[0\] > [0-9.]+$/);
      assert.equal(metric.inconclusiveLimit, metric.count);
    }
  });
});

describe("stepAnalysis", () => {
  it("asks Prometheus too, and tells it which pods are new and which old", () => {
    const { templates, args } = stepAnalysis(settingsOf({ prometheus }));
    assert.deepEqual(templates, [
      { templateName: "release-check" },
      { templateName: "live-metrics" },
    ]);
    assert.deepEqual(args.slice(2), [
      { name: "new", valueFrom: { podTemplateHashValue: "Latest" } },
      { name: "old", valueFrom: { podTemplateHashValue: "Stable" } },
    ]);
  });

  it("is the Job alone where a release isn't watched", () => {
    const settings = settingsOf({ prometheus });
    const release = { ...settings.release, watchSeconds: 0 };
    const unwatched = { ...settings, release };
    assert.deepEqual(stepAnalysis(unwatched).templates, [{ templateName: "release-check" }]);
    assert.equal(postPromotionAnalysis(unwatched), null);
  });
});
