import assert from "node:assert/strict";
import { type ContainerStatus, isReady, type Pod } from "../../../cluster/pods";
import { problemOf, sentencePart } from "../../../provider/release/cluster/pods";
import { MemoryCluster } from "../../support/memory-cluster";

const cluster = new MemoryCluster();

function podWith(status: Partial<ContainerStatus>, init = false): Pod {
  const container = { name: "scorer", ready: false, restartCount: 0, ...status };
  return {
    metadata: { name: "scorer-1" },
    status: {
      conditions: [{ type: "Ready", status: "False" }],
      ...(init ? { initContainerStatuses: [container] } : { containerStatuses: [container] }),
    },
  };
}

describe("problemOf", () => {
  it("finds nothing wrong with a ready pod, nor with one that is starting", async () => {
    const ready: Pod = {
      metadata: { name: "scorer-1" },
      status: { conditions: [{ type: "Ready", status: "True" }] },
    };
    assert.equal(isReady(ready), true);
    assert.equal(await problemOf(cluster, ready), null);
    assert.equal(await problemOf(cluster, podWith({ state: { running: {} } })), null);
    const creating = podWith({ state: { waiting: { reason: "ContainerCreating" } } });
    assert.equal(await problemOf(cluster, creating), null);
  });

  for (const reason of ["ErrImagePull", "ImagePullBackOff", "InvalidImageName"]) {
    it(`gives up on ${reason}: the image won't come by waiting`, async () => {
      const waiting = { reason, message: "no such image.\n" };
      assert.deepEqual(await problemOf(cluster, podWith({ state: { waiting } })), {
        pod: "scorer-1",
        text: "can't get its image (no such image)",
        final: true,
      });
    });
  }

  it("gives up on a Secret or ConfigMap that is missing", async () => {
    const waiting = { reason: "CreateContainerConfigError", message: 'secret "x" not found' };
    const problem = await problemOf(cluster, podWith({ state: { waiting } }));
    assert.deepEqual(problem, {
      pod: "scorer-1",
      text: `can't be made (secret "x" not found)`,
      final: true,
    });
  });

  const pull = (cause: string) =>
    `failed to pull and unpack image "registry.example/scorer@sha256:1": ${cause}`;
  for (const [reason, message] of [
    [
      "CreateContainerConfigError",
      "failed to sync secret cache: timed out waiting for the condition",
    ],
    [
      "CreateContainerConfigError",
      "failed to sync configmap cache: timed out waiting for the condition",
    ],
    ["CreateContainerConfigError", 'object "staging"/"database" not registered'],
    ["ErrImagePull", pull("dial tcp 192.0.2.1:443: connect: connection refused")],
    ["ErrImagePull", pull("net/http: TLS handshake timeout")],
    ["ErrImagePull", pull("unexpected status from HEAD request: 503 Service Unavailable")],
    ["ErrImagePull", pull("429 Too Many Requests")],
    ["ErrImagePull", "pull QPS exceeded"],
    ["ImagePullBackOff", 'Back-off pulling image "registry.example/scorer@sha256:1"'],
    [
      "ImagePullBackOff",
      `Back-off pulling image "scorer": ErrImagePull: ${pull("unexpected EOF")}`,
    ],
  ] as const) {
    it(`waits for what the kubelet tries again and often gets: ${message}`, async () => {
      const problem = await problemOf(
        cluster,
        podWith({ state: { waiting: { reason, message } } }),
      );
      assert.equal(problem?.final, false);
      assert.ok(problem.text.includes(message), problem.text);
    });
  }

  for (const message of [
    pull("not found"),
    pull("unexpected status from HEAD request: 403 Forbidden"),
    pull("dial tcp: lookup registry.example: no such host"),
  ]) {
    it(`gives up on what stays as it is: ${message}`, async () => {
      const waiting = { reason: "ErrImagePull", message };
      assert.equal((await problemOf(cluster, podWith({ state: { waiting } })))?.final, true);
    });
  }

  it("says why no node takes it, and waits for one", async () => {
    const pod: Pod = {
      metadata: { name: "scorer-1" },
      status: {
        conditions: [{ type: "PodScheduled", status: "False", message: "Insufficient cpu" }],
      },
    };
    const problem = await problemOf(cluster, pod);
    assert.deepEqual(problem, {
      pod: "scorer-1",
      text: "finds no node (Insufficient cpu)",
      final: false,
    });
  });

  it("says what a container said last before it ended, and gives it two more tries", async () => {
    cluster.logTexts.set("scorer-1/fetch", '{"message":"started"}\n{"message":"no answer."}\n');
    const ended = { name: "fetch", state: { terminated: { exitCode: 4 } } };
    const text = "ended with code 4 in container fetch: no answer";
    for (const [restartCount, final] of [
      [0, false],
      [1, false],
      [2, true],
    ] as const) {
      const problem = await problemOf(cluster, podWith({ ...ended, restartCount }, true));
      assert.deepEqual(problem, { pod: "scorer-1", text, final });
    }
  });

  it("gives up at once on other bytes than the pinned ones", async () => {
    const lastState = { terminated: { exitCode: 3 } };
    const state = { waiting: { reason: "CrashLoopBackOff" } };
    const problem = await problemOf(cluster, podWith({ state, lastState, restartCount: 1 }));
    assert.equal(problem?.final, true);
  });

  it("takes a container that ended well for no problem", async () => {
    const state = { terminated: { exitCode: 0 } };
    assert.equal(await problemOf(cluster, podWith({ state }, true)), null);
  });
});

describe("sentencePart", () => {
  it("makes one line of bounded length without a full stop", () => {
    assert.equal(sentencePart(" a\n  b. \n"), "a b");
    assert.equal(sentencePart("x".repeat(1000)).length, 301);
    assert.equal(sentencePart(undefined), "unknown");
  });
});
