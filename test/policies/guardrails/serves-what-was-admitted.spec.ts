import assert from "node:assert/strict";
import { type GuardedResource, unknown } from "../../../policies/guardrails/guardrail";
import { servesWhatWasAdmitted } from "../../../policies/guardrails/serves-what-was-admitted";
import { digest, digestOf, pin } from "../fixtures";
import { judged, resource as anyResource } from "./stacks";

const resource = (type: string, props: Record<string, unknown>) =>
  anyResource(`tollgate:index:${type}`, type.toLowerCase(), props);
const check = (resources: readonly GuardedResource[]) => judged(servesWhatWasAdmitted, resources);

const admission = resource("Admission", { pin });
const served = { version: "2", digest };
const stack = [
  admission,
  resource("ReleaseCheck", served),
  resource("Route", served),
  resource("StageAlias", { version: "2" }),
  resource("Process", { name: "tracking-server" }),
];

describe("servesWhatWasAdmitted", () => {
  it("passes a stack that serves its one admitted version", () => {
    assert.deepEqual(check(stack), []);
  });

  it("passes a stack that serves nothing yet", () => {
    assert.deepEqual(check([resource("Process", {})]), []);
    assert.deepEqual(check([admission]), []);
  });

  it("refuses to serve with no admission or with two", () => {
    const none = "The stack serves with 0 admitted pins; there must be exactly one.";
    assert.deepEqual(check(stack.slice(1)), [none]);
    const two = "The stack serves with 2 admitted pins; there must be exactly one.";
    assert.deepEqual(check([admission, ...stack]), [two]);
  });

  it("refuses a route to other bytes", () => {
    const other = resource("Route", { ...served, digest: digestOf("b") });
    assert.deepEqual(check([admission, other]), [
      `route serves digest ${digestOf("b")}, but ${digest} was admitted.`,
    ]);
  });

  it("refuses a release of other bytes in a cluster", () => {
    const other = resource("ClusterRelease", { ...served, digest: digestOf("b") });
    assert.deepEqual(check([admission, other]), [
      `clusterrelease serves digest ${digestOf("b")}, but ${digest} was admitted.`,
    ]);
  });

  it("refuses an alias on another version", () => {
    assert.deepEqual(check([admission, resource("StageAlias", { version: "1" })]), [
      "stagealias serves version 1, but 2 was admitted.",
    ]);
  });

  for (const version of [undefined, 2, "02"]) {
    it(`refuses the version ${JSON.stringify(version)}`, () => {
      const [sentence] = check([admission, resource("StageAlias", { version })]);
      assert.match(sentence!, /^stagealias serves version \S+, but 2 was admitted\.$/);
    });
  }

  it("refuses a value not known yet, on either side", () => {
    assert.deepEqual(check([admission, resource("Route", { version: "2", digest: unknown })]), [
      `route serves digest unknown, but ${digest} was admitted.`,
    ]);
    const vague = resource("Admission", { pin: unknown });
    assert.deepEqual(check([vague, resource("StageAlias", { version: unknown })]), [
      "stagealias serves version unknown, but unknown was admitted.",
    ]);
  });
});
