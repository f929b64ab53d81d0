// What Prometheus is told, as data. Cannot prove what a rule finds: test/cluster/queries.spec.ts does.
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  monitoringManifests,
  scrapeAnnotations,
} from "../../../runtimes/kubernetes/manifests/monitoring";
import { scorerTemplate } from "../../../runtimes/kubernetes/manifests/scorer";
import { anyClusterSettings } from "../../support/cluster-settings";
import { served, settingsOf } from "./served";

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly annotations: { readonly summary: string };
}

const withOperator = settingsOf({ monitoring: "operator" });

function rulesOf(settings = withOperator): Rule[] {
  const found = monitoringManifests(settings).find(({ kind }) => kind === "PrometheusRule");
  const { groups } = found!["spec"] as { groups: { rules: Rule[] }[] };
  return groups.flatMap(({ rules }) => rules);
}

describe("scrapeAnnotations", () => {
  it("tell a Prometheus without operator where to look", () => {
    assert.deepEqual(scrapeAnnotations(settingsOf()), {
      "prometheus.io/scrape": "true",
      "prometheus.io/port": "8000",
      "prometheus.io/path": "/metrics",
    });
  });

  it("are none beside a PodMonitor, or scorers would be counted twice", () => {
    assert.deepEqual(scrapeAnnotations(withOperator), {});
    const { annotations } = scorerTemplate(withOperator, served).metadata;
    assert.equal("prometheus.io/scrape" in annotations, false);
  });
});

describe("monitoringManifests", () => {
  it("are none without the operator", () => {
    assert.deepEqual(monitoringManifests(settingsOf()), []);
  });

  it("scrape all scorers, and tell their generations apart", () => {
    const monitor = monitoringManifests(withOperator).find(({ kind }) => kind === "PodMonitor");
    assert.deepEqual(monitor!["spec"], {
      selector: { matchLabels: { "app.kubernetes.io/name": "scorer" } },
      podTargetLabels: ["tollgate.dev/generation"],
      podMetricsEndpoints: [{ port: "http", path: "/metrics" }],
    });
  });

  it("warn of errors, latency, scorers that aren't ready and a release that doesn't end", () => {
    assert.deepEqual(
      rulesOf().map(({ alert }) => alert),
      ["TollgateErrors", "TollgateLatency", "TollgateScorersNotReady", "TollgateReleaseUnfinished"],
    );
  });

  it("hold scorers to the limits of a release", () => {
    const release = { ...withOperator.release, maxErrorRate: 0.07, maxP95Ms: 150 };
    const [errors, latency] = rulesOf({ ...withOperator, release });
    assert.match(errors!.expr, / > 0\.07\) and /);
    assert.match(errors!.annotations.summary, /, 7 % may \(tollgate:release\.maxErrorRate\)\.$/);
    assert.match(latency!.expr, / > 0\.15\) and /);
  });

  it("look at their own namespace alone, whatever the settings", () => {
    const check = fc.property(anyClusterSettings(), (settings) => {
      const { namespace } = settings.kubernetes.cluster;
      if (settings.kubernetes.monitoring !== "operator") return;
      for (const { expr } of rulesOf(settings)) {
        const series = expr.match(/\{[^}]*\}/g)!;
        assert.ok(series.every((each) => each.startsWith(`{namespace="${namespace}"`)));
      }
    });
    fc.assert(check, { numRuns: 100 });
  });
});
