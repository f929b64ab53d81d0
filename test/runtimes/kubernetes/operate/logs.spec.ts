import assert from "node:assert/strict";
import type { Pod } from "../../../../cluster/pods";
import { containersOf, logSource } from "../../../../runtimes/kubernetes/operate/logs";

const pods: Pod[] = [
  {
    metadata: {
      name: "scorer-1",
      labels: { "app.kubernetes.io/name": "scorer", "tollgate.dev/version": "2" },
      creationTimestamp: "2026-01-01T00:00:00Z",
    },
    spec: { initContainers: [{ name: "fetch" }], containers: [{ name: "scorer" }] },
    status: {
      phase: "Running",
      containerStatuses: [
        {
          name: "scorer",
          ready: false,
          restartCount: 4,
          state: { waiting: { reason: "CrashLoopBackOff" } },
          lastState: { terminated: { exitCode: 1, reason: "Error" } },
        },
      ],
    },
  },
  {
    metadata: {
      name: "tracking-server-1",
      labels: { "app.kubernetes.io/name": "tracking-server" },
    },
    spec: { containers: [{ name: "mlflow" }] },
    status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }] },
  },
];

describe("logSource", () => {
  it("takes the container that something is wrong with", () => {
    const [scorer] = pods;
    const waiting = {
      ...scorer!,
      status: {
        initContainerStatuses: [
          { name: "fetch", ready: false, restartCount: 0, state: { running: {} } },
        ],
      },
    };
    assert.equal(logSource([waiting], "scorer-1").container, "fetch");
    assert.deepEqual(containersOf(scorer!), ["fetch", "scorer"]);
    assert.deepEqual(logSource(pods, "tracking-server"), {
      pod: pods[1],
      container: "mlflow",
      previous: false,
    });
  });

  it("refuses a name that several pods have, and a container that the pod hasn't", () => {
    const twins = [pods[0]!, { ...pods[0]!, metadata: { ...pods[0]!.metadata, name: "scorer-2" } }];
    assert.throws(() => logSource(twins, "scorer"), {
      message: 'Several pods are of "scorer": say which, one of scorer-1, scorer-2.',
    });
    assert.throws(() => logSource(pods, "scorer-1/nothing"), {
      message: 'Pod scorer-1 has no container "nothing": it has fetch, scorer.',
    });
  });
});
