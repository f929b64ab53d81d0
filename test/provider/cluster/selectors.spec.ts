import assert from "node:assert/strict";
import type { Service } from "../../../provider/release/cluster/objects";
import {
  generationIn,
  hashLabel,
  movedForRollout,
  selectorForArgo,
  selects,
} from "../../../provider/release/cluster/selectors";

const shared = { "app.kubernetes.io/name": "scorer" };
const own = { ...shared, "tollgate.dev/generation": "abc" };
const managed = "argo-rollouts.argoproj.io/managed-by-rollouts";

function service(selector?: Record<string, string>, annotations = {}): Service {
  return { metadata: { name: "scorer", annotations }, spec: { ...(selector && { selector }) } };
}

describe("selectorForArgo", () => {
  it("leaves a generation's label out, and keeps the one that Argo has added", () => {
    const inputs = { selector: own };
    assert.deepEqual(selectorForArgo(service(own), inputs), shared);
    assert.deepEqual(selectorForArgo(service(), inputs), shared);
    const hash = { [hashLabel]: "def" };
    assert.deepEqual(selectorForArgo(service({ ...own, ...hash }), inputs), { ...shared, ...hash });
    assert.deepEqual(selectorForArgo(service(hash), inputs), { ...shared, ...hash });
  });
});

describe("selects", () => {
  it("is so for exactly these labels", () => {
    assert.ok(selects(service(own), own));
    assert.ok(selects(service(), null));
    for (const labels of [shared, { ...own, [hashLabel]: "def" }, null])
      assert.ok(!selects(service(own), labels), JSON.stringify(labels));
  });
});

describe("movedForRollout", () => {
  it("is Argo's note, as long as Argo's label is there", () => {
    const note = { [managed]: "scorer" };
    assert.equal(movedForRollout(service({ [hashLabel]: "def" }, note)), "scorer");
    assert.equal(movedForRollout(service(own, note)), null);
    assert.equal(movedForRollout(service({ [hashLabel]: "def" })), null);
    assert.equal(movedForRollout(service()), null);
  });
});

describe("generationIn", () => {
  it("is the release that a Service leads to alone", () => {
    assert.equal(generationIn(service(own)), "abc");
    assert.equal(generationIn(service(shared)), null);
    assert.equal(generationIn(service()), null);
  });
});
