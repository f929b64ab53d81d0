import assert from "node:assert/strict";
import { containersOf, logSource } from "../../../../runtimes/kubernetes/operate/logs";
import { stackPods as pods } from "../../../support/pods";

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
