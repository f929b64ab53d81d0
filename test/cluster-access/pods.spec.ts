import assert from "node:assert/strict";
import { isReady, type Pod, podState } from "../../cluster/pods";

function pod(status: Pod["status"], metadata: Partial<Pod["metadata"]> = {}): Pod {
  return { metadata: { name: "web-1", ...metadata }, status };
}
const container = (state: object, lastState?: object) => ({
  containerStatuses: [{ name: "web", ready: false, restartCount: 1, state, lastState }],
});
const ready = [{ type: "Ready", status: "True" }];

describe("podState", () => {
  const cases: [said: string, pod: Pod][] = [
    ["Running", pod({ phase: "Running", conditions: ready })],
    ["Running (not ready)", pod({ phase: "Running" })],
    ["Terminating", pod({ phase: "Running" }, { deletionTimestamp: "2026-01-01T00:00:00Z" })],
    ["Succeeded", pod({ phase: "Succeeded" })],
    ["Unknown", pod(undefined)],
    [
      "Pending (Unschedulable: 0/1 nodes are available)",
      pod({
        phase: "Pending",
        conditions: [
          {
            type: "PodScheduled",
            status: "False",
            reason: "Unschedulable",
            message: "0/1 nodes are available.",
          },
        ],
      }),
    ],
    [
      "ContainerCreating",
      pod({ phase: "Pending", ...container({ waiting: { reason: "ContainerCreating" } }) }),
    ],
    [
      "CrashLoopBackOff (it ended with exit code 137, OOMKilled)",
      pod({
        phase: "Running",
        ...container(
          { waiting: { reason: "CrashLoopBackOff", message: "back-off 10s" } },
          { terminated: { exitCode: 137, reason: "OOMKilled" } },
        ),
      }),
    ],
    [
      "Error (exit code 3, other bytes than pinned)",
      pod({
        phase: "Failed",
        ...container({
          terminated: { exitCode: 3, reason: "Error", message: "other bytes\nthan pinned.\n" },
        }),
      }),
    ],
    ["Evicted (no room)", pod({ phase: "Failed", reason: "Evicted", message: "no room." })],
    [
      "Init:fetch",
      pod({
        phase: "Pending",
        initContainerStatuses: [
          { name: "fetch", ready: false, restartCount: 0, state: { running: {} } },
        ],
        ...container({ waiting: { reason: "PodInitializing" } }),
      }),
    ],
    [
      "Init:Error (exit code 4)",
      pod({
        phase: "Pending",
        initContainerStatuses: [
          {
            name: "fetch",
            ready: false,
            restartCount: 0,
            state: { terminated: { exitCode: 4, reason: "Error" } },
          },
        ],
      }),
    ],
  ];
  for (const [said, given] of cases) {
    it(`says ${said}`, () => assert.equal(podState(given), said));
  }
});

describe("isReady", () => {
  it("is so of a pod that takes requests, and not of one that is ending", () => {
    const taking = pod({ phase: "Running", conditions: ready });
    assert.equal(isReady(taking), true);
    const ending = {
      ...taking,
      metadata: { name: "a", deletionTimestamp: "2026-01-01T00:00:00Z" },
    };
    assert.equal(isReady(ending), false);
    assert.equal(isReady(pod({ phase: "Pending" })), false);
  });
});
