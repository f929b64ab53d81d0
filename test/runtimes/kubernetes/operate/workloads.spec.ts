import assert from "node:assert/strict";
import {
  type CallersService,
  idleDrift,
  selectionDrift,
  type Workload,
  workloadDrift,
} from "../../../../runtimes/kubernetes/operate/workloads";
import type { Pod } from "../../../../cluster/pods";
import { workloadManifests } from "../../../../runtimes/kubernetes/manifests/workload";
import { clusterSettings } from "../../../support/fixtures";

const digest = `sha256:${"a".repeat(64)}`;
const pin = { name: "churn-model", version: "2", digest };

function made(
  rollout: "deployment" | "canary" = "deployment",
  logLevel = "INFO" as const,
): Workload {
  const base = clusterSettings({}, { rollout });
  const settings = { ...base, scorer: { ...base.scorer, logLevel } };
  const [workload] = workloadManifests(settings, {
    modelUri: "models:/churn-model/2",
    version: "2",
    digest,
    trackingUri: settings.trackingServer.uri,
  });
  return structuredClone(workload) as unknown as Workload;
}

type Template = NonNullable<Workload["spec"]["template"]>;

/** The workload with its pod template changed. */
function with_(workload: Workload, change: (template: Template) => Template): Workload {
  const { spec } = workload;
  return { ...workload, spec: { ...spec, template: change(spec.template!) } };
}

describe("workloadDrift", () => {
  const wanted = made();
  const name = `Deployment ${wanted.metadata.name}`;

  it("is empty for what is as the settings make it", () => {
    assert.deepEqual(workloadDrift([made()], [wanted]), []);
  });

  it("says that a pod template was brought back by kubectl", () => {
    const undone = with_(made(), (template) => ({
      ...template,
      metadata: { annotations: { "tollgate.dev/template": "of another release" } },
    }));
    assert.deepEqual(workloadDrift([undone], [wanted]), [
      `${name} has another pod template than was released (by \`kubectl rollout undo\` or by hand)`,
    ]);
  });

  it("says that replicas and image were changed", () => {
    const image = "registry.example.com/tollgate:latest";
    const patched = with_(made(), ({ spec, ...template }) => ({
      ...template,
      spec: { ...spec, containers: spec!.containers.map((each) => ({ ...each, image })) },
    }));
    const live = { ...patched, spec: { ...patched.spec, replicas: 0 } };
    assert.deepEqual(workloadDrift([live], [wanted]), [
      `${name} has 0 replicas instead of 1`,
      `container scorer of ${name} runs the image ${image} instead of registry.example.com/tollgate@sha256:${"c".repeat(64)}`,
    ]);
  });

  it("says which variables were set or taken away, and none of their values", () => {
    const patched = with_(made(), ({ spec, ...template }) => {
      const env = [
        { name: "HOME", value: "/root" },
        { name: "BY_HAND", value: "s3cret" },
      ];
      return {
        ...template,
        spec: { ...spec, containers: spec!.containers.map((each) => ({ ...each, env })) },
      };
    });
    const drift = workloadDrift([patched], [wanted]).join("\n");
    assert.match(
      drift,
      /^container scorer of Deployment .+ has other variables \(BY_HAND, HOME, .+\)$/,
    );
    assert.doesNotMatch(drift, /s3cret|root/);
  });

  it("compares nothing with settings that were changed since the last up", () => {
    const live = { ...made(), spec: { ...made().spec, replicas: 5 } };
    const settings = { ...wanted, metadata: { ...wanted.metadata, annotations: {} } };
    assert.deepEqual(workloadDrift([live], [settings]), []);
  });

  it("says that pods can't be made, in the cluster's words", () => {
    const condition = { type: "ReplicaFailure", status: "True", message: "exceeded quota: q." };
    assert.deepEqual(
      workloadDrift([{ ...made(), status: { conditions: [condition] } }], [wanted]),
      [`${name} can't make its pods (exceeded quota: q)`],
    );
  });

  const states: [string, NonNullable<Workload["status"]>, string][] = [
    [
      "was aborted",
      { abort: true, phase: "Degraded", message: "RolloutAborted: metric failed" },
      "Argo Rollouts aborted the release of Rollout scorer (RolloutAborted: metric failed)",
    ],
    [
      "is degraded",
      { phase: "Degraded", message: "ProgressDeadlineExceeded" },
      "Rollout scorer is degraded (ProgressDeadlineExceeded)",
    ],
    ["is paused", { phase: "Paused", message: "" }, "Rollout scorer is paused"],
  ];
  for (const [state, status, sentence] of states) {
    it(`says that a Rollout ${state}`, () => {
      const live = { ...made("canary"), status };
      assert.deepEqual(workloadDrift([live], [made("canary")]), [sentence]);
    });
  }
});

describe("selectionDrift", () => {
  const service: CallersService = {
    metadata: { name: "scorer" },
    spec: { selector: { app: "scorer" } },
  };
  const pod = (version: string, of: string, labels: object = { app: "scorer" }): Pod => ({
    metadata: {
      name: `scorer-${version}`,
      labels: { ...labels, "tollgate.dev/version": version },
      annotations: { "tollgate.dev/digest": of },
    },
  });
  const other = `sha256:${"b".repeat(64)}`;

  it("is empty while callers get the pinned version's pods alone", () => {
    const pods = [pod("2", digest), pod("1", other, { app: "old" })];
    assert.deepEqual(selectionDrift(service, pods, pin), []);
    assert.deepEqual(selectionDrift(null, pods, pin), []);
    assert.deepEqual(selectionDrift(service, [pod("1", other)], null), []);
  });

  it("names each version that callers are sent to besides", () => {
    assert.deepEqual(selectionDrift(service, [pod("2", digest), pod("1", other)], pin), [
      "Service scorer sends callers to pods of version 1 (sha256:bbbbbbbbbbbb) instead of churn-model version 2 (sha256:aaaaaaaaaaaa) alone",
    ]);
  });
});

describe("idleDrift", () => {
  const service: CallersService = {
    metadata: { name: "scorer" },
    spec: { selector: { generation: "a" } },
  };
  const pod = (name: string, generation: string, change: Partial<Pod["metadata"]> = {}): Pod => ({
    metadata: {
      name,
      labels: { generation, "tollgate.dev/version": "2" },
      ownerReferences: [{ kind: "ReplicaSet", name }],
      ...change,
    },
    status: { conditions: [{ type: "Ready", status: "True" }] },
  });

  it("names a generation that callers aren't sent to", () => {
    assert.deepEqual(idleDrift(service, [pod("one", "a"), pod("two", "b")]), [
      "two runs, but no callers are sent to it: an `up` is under way, or was interrupted",
    ]);
  });

  const silent: [string, Pod][] = [
    ["is ending", pod("two", "b", { deletionTimestamp: "2026-01-01T00:00:00Z" })],
    ["is of a Job", pod("two", "b", { ownerReferences: [{ kind: "Job", name: "two" }] })],
    ["is no scorer", pod("two", "b", { labels: {} })],
    ["isn't ready", { ...pod("two", "b"), status: {} }],
  ];
  for (const [what, other] of silent) {
    it(`says nothing of a pod that ${what}`, () => {
      assert.deepEqual(idleDrift(service, [other]), []);
    });
  }

  it("says nothing while there is no Service to go by", () => {
    assert.deepEqual(idleDrift(null, [pod("one", "a")]), []);
  });
});
