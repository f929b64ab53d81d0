// What keeps scorers running, as data. Cannot prove that Argo takes it: test/cluster/ does.
import assert from "node:assert/strict";
import fc from "fast-check";
import type { Manifest } from "../../../runtimes/kubernetes/manifests/manifest";
import { generationOf, templateOf } from "../../../runtimes/kubernetes/manifests/scorer";
import {
  movedByArgo,
  workloadManifests,
  workloadRefOf,
} from "../../../runtimes/kubernetes/manifests/workload";
import { anyClusterSettings } from "../../support/cluster-settings";
import { served, settingsOf, withReplicas } from "./served";

interface WorkloadSpec {
  readonly replicas?: number;
  readonly selector: { matchLabels: Record<string, string> };
  readonly template: {
    metadata: { labels: Record<string, string>; annotations: Record<string, string> };
  };
  readonly strategy: Record<string, Record<string, unknown>>;
  readonly progressDeadlineSeconds: number;
  readonly minReadySeconds: number;
  readonly [field: string]: unknown;
}

function specOf(manifest: Manifest): WorkloadSpec {
  return manifest["spec"] as WorkloadSpec;
}

const autoscale = { maxReplicas: 4, cpuPercent: 70, requestsPerSecond: null };
const generation = generationOf(settingsOf(), served);

describe("workloadRefOf", () => {
  for (const [change, kind, name] of [
    [{}, "Deployment", `scorer-${generation}`],
    [{ rollout: "blueGreen" }, "Rollout", "scorer"],
    [{ rollout: "canary" }, "Rollout", "scorer"],
  ] as const) {
    it(`is ${kind} ${name.replace(generation, "<generation>")} with ${JSON.stringify(change)}`, () => {
      const found = workloadRefOf(settingsOf(change), served);
      assert.deepEqual([found.kind, found.name], [kind, name]);
    });
  }

  it("is an InferenceService of the generation's own with KServe, however traffic would be moved", () => {
    for (const rollout of ["deployment", "blueGreen", "canary"] as const) {
      const settings = settingsOf({ modelFrom: "kserve", rollout });
      const { kind, name } = workloadRefOf(settings, served);
      assert.deepEqual(
        [kind, name],
        ["InferenceService", `scorer-${generationOf(settings, served)}`],
      );
      assert.equal(movedByArgo(settings), false);
    }
  });
});

describe("workloadManifests", () => {
  it("make a Deployment that never has fewer scorers than asked for", () => {
    const [deployment] = workloadManifests(withReplicas(3), served);
    const spec = specOf(deployment!);
    assert.equal(spec.replicas, 3);
    assert.deepEqual(spec.strategy, {
      type: "RollingUpdate",
      rollingUpdate: { maxUnavailable: 0, maxSurge: "25%" },
    });
    assert.deepEqual(spec.selector.matchLabels, {
      "app.kubernetes.io/name": "scorer",
      "tollgate.dev/generation": generation,
    });
  });

  it("tell the template on the object as well, which an undo by hand doesn't change", () => {
    for (const rollout of ["deployment", "blueGreen", "canary"] as const) {
      const [manifest] = workloadManifests(settingsOf({ rollout }), served);
      const inside = specOf(manifest!).template.metadata.annotations["tollgate.dev/template"];
      assert.equal(inside, templateOf(settingsOf(), served));
      assert.equal(manifest!.metadata.annotations!["tollgate.dev/template"], inside);
      assert.equal(manifest!.metadata.annotations!["pulumi.com/skipAwait"], "true");
    }
  });

  it("leave the number of scorers to the autoscaler", () => {
    for (const rollout of ["deployment", "canary"] as const) {
      const [manifest] = workloadManifests(settingsOf({ rollout, autoscale }), served);
      assert.equal("replicas" in specOf(manifest!), false);
    }
  });

  it("make a blue-green Rollout that is checked before callers and watched after", () => {
    const settings = settingsOf({ rollout: "blueGreen" });
    const release = { ...settings.release, warmSeconds: 1.5 };
    const spec = specOf(workloadManifests({ ...settings, release }, served)[0]!);
    const analysis = {
      templates: [{ templateName: "release-check" }],
      args: [
        {
          name: "version",
          valueFrom: { fieldRef: { fieldPath: "spec.template.spec.containers[0].args[5]" } },
        },
        {
          name: "digest",
          valueFrom: { fieldRef: { fieldPath: "spec.template.spec.containers[0].args[7]" } },
        },
      ],
      // Argo adds it otherwise, and keeps what it added when the strategy goes.
      analysisRunMetadata: {},
    };
    assert.deepEqual(spec.strategy, {
      blueGreen: {
        activeService: "scorer",
        previewService: "scorer-preview",
        autoPromotionEnabled: true,
        prePromotionAnalysis: analysis,
        postPromotionAnalysis: analysis,
        scaleDownDelaySeconds: 2,
        abortScaleDownDelaySeconds: 1,
      },
    });
    assert.equal(spec["progressDeadlineAbort"], true);
  });

  it("make a blue-green Rollout without a watch where the settings have none", () => {
    const settings = settingsOf({ rollout: "blueGreen" });
    const release = { ...settings.release, watchSeconds: 0 };
    const [manifest] = workloadManifests({ ...settings, release }, served);
    assert.equal("postPromotionAnalysis" in specOf(manifest!).strategy["blueGreen"]!, false);
  });

  it("make a canary that is checked at each share and that no Service but its own selects alone", () => {
    const [manifest] = workloadManifests(withReplicas(4, { rollout: "canary" }), served);
    const { canary } = specOf(manifest!).strategy;
    assert.equal(canary!["canaryService"], "scorer-preview");
    assert.equal("stableService" in canary!, false);
    const steps = canary!["steps"] as Record<string, unknown>[];
    assert.deepEqual(
      steps.map((step) => Object.keys(step)[0]),
      ["setWeight", "pause", "analysis", "setWeight", "pause", "analysis"],
    );
    assert.deepEqual(
      steps.flatMap(({ setWeight }) => (setWeight === undefined ? [] : [setWeight])),
      [25, 50],
    );
  });

  it("give a canary beside a single scorer half of the requests, whatever shares are asked for", () => {
    const [manifest] = workloadManifests(
      settingsOf({ rollout: "canary", canarySteps: [5, 10] }),
      served,
    );
    const steps = specOf(manifest!).strategy["canary"]!["steps"] as Record<string, unknown>[];
    assert.deepEqual(steps.slice(0, 1), [{ setWeight: 50 }]);
    assert.equal(steps.length, 3);
  });

  it("have a valid name and select their own pods, whatever the settings", () => {
    const check = fc.property(anyClusterSettings(), (settings) => {
      const [manifest, ...others] = workloadManifests(settings, served);
      assert.deepEqual(others, []);
      assert.match(manifest!.metadata.name, /^[a-z]([a-z0-9-]{0,50}[a-z0-9])?$/);
      if (manifest!.kind === "InferenceService") return;
      const { selector, template, progressDeadlineSeconds, minReadySeconds } = specOf(manifest!);
      for (const [label, value] of Object.entries(selector.matchLabels)) {
        assert.equal(template.metadata.labels[label], value);
      }
      assert.ok(progressDeadlineSeconds > minReadySeconds);
      assert.ok(progressDeadlineSeconds > settings.scorer.startTimeoutSeconds);
    });
    fc.assert(check, { numRuns: 100 });
  });
});
