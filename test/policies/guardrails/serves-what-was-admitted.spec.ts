import assert from "node:assert/strict";
import { unknownCheckingProxy, unknownStringValue } from "../unknowns";
import {
  servesWhatWasAdmitted,
  type StackResource,
} from "../../../policies/guardrails/serves-what-was-admitted";
import { digest, digestOf, pin } from "../fixtures";

function resource(type: string, props: Record<string, unknown>): StackResource {
  return { type: `tollgate:index:${type}`, name: type.toLowerCase(), props };
}

const admission = resource("Admission", { pin });
const served = { version: "2", digest };
const stack = [
  admission,
  resource("ReleaseCheck", served),
  resource("Route", served),
  resource("StageAlias", { version: "2" }),
  resource("Process", { name: "tracking-server" }),
];
const { check } = servesWhatWasAdmitted;

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

  it("refuses an alias on another version", () => {
    assert.deepEqual(check([admission, resource("StageAlias", { version: "1" })]), [
      "stagealias serves version 1, but 2 was admitted.",
    ]);
  });

  it("refuses a value not known yet", () => {
    const props = unknownCheckingProxy({ version: "2", digest: unknownStringValue });
    assert.deepEqual(check([admission, resource("Route", props)]), [
      `route serves digest unknown, but ${digest} was admitted.`,
    ]);
  });
});
