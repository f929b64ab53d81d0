import type { Pod } from "../../cluster/pods";

/** Pods of a stack: a scorer that crashes again and again, and a registry that is well. */
export const stackPods: Pod[] = [
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
