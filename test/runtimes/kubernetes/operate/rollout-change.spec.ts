import assert from "node:assert/strict";
import { problemOfMove } from "../../../../runtimes/kubernetes/operate/rollout-change";
import type { Service } from "../../../../provider/release/cluster/objects";
import { generationOf } from "../../../../runtimes/kubernetes/manifests/scorer";
import { scorerLabels } from "../../../../runtimes/kubernetes/names";
import { clusterSettings, digestOf } from "../../../support/fixtures";

const pin = { name: "churn-model", version: "1", digest: digestOf("1") };
const pinned = { pin };
const own = generationOf(clusterSettings(pinned), { ...pin, modelUri: "", trackingUri: "" });

function service(
  selector: Record<string, string> | undefined,
  { version, digest }: typeof pin = pin,
): Service {
  const annotations = { "tollgate.dev/version": version, "tollgate.dev/digest": digest };
  return { metadata: { name: "scorer", annotations }, spec: { ...(selector && { selector }) } };
}

const byDeployment = service(scorerLabels(own));
const byCanary = service(scorerLabels());
const byBlueGreen = service({ ...scorerLabels(), "rollouts-pod-template-hash": "abc" });
const older = { ...pin, version: "0", digest: digestOf("0") };

describe("problemOfMove", () => {
  const settings = (rollout: "deployment" | "blueGreen" | "canary") =>
    clusterSettings(pinned, { rollout });

  it("lets another way of moving traffic take over what serves", () => {
    for (const rollout of ["blueGreen", "canary"] as const)
      assert.equal(problemOfMove(byDeployment, settings(rollout)), null);
    for (const seen of [byCanary, byBlueGreen])
      assert.equal(problemOfMove(seen, settings("deployment")), null);
  });

  it("lets the same way, and both of Argo's, move to anything", () => {
    assert.equal(
      problemOfMove(service(scorerLabels("other"), older), settings("deployment")),
      null,
    );
    assert.equal(problemOfMove(service(scorerLabels(), older), settings("blueGreen")), null);
    assert.equal(
      problemOfMove(service(byBlueGreen.spec.selector as never, older), settings("canary")),
      null,
    );
  });

  it("has nothing to say before anything was released, or without a pin", () => {
    const never = { metadata: { name: "scorer" }, spec: {} };
    assert.equal(problemOfMove(never, settings("canary")), null);
    assert.equal(
      problemOfMove(byDeployment, clusterSettings({ pin: null }, { rollout: "canary" })),
      null,
    );
  });

  it("refuses a new pin together with a new way, and names both", () => {
    const expected =
      "staging changes tollgate:kubernetes.rollout (now canary) and the pin (version 0 -> 1) at once, and callers could " +
      "meet pods that nobody has checked, or none: run `up` with one of them changed, then with the other.";
    assert.equal(problemOfMove(service(scorerLabels("g0"), older), settings("canary")), expected);
    for (const seen of [
      service(scorerLabels(), older),
      service(byBlueGreen.spec.selector as never, older),
    ])
      assert.match(
        problemOfMove(seen, settings("deployment"))!,
        /\(now deployment\) and the pin \(version 0 -> 1\)/,
      );
  });

  it("refuses Argo's way together with other settings of the scorers", () => {
    const problem = problemOfMove(service(scorerLabels("other")), settings("blueGreen"));
    assert.match(
      problem!,
      /\(now blueGreen\) and settings that its scorers are started with at once/,
    );
  });
});
