import assert from "node:assert/strict";
import { Secret } from "@pulumi/policy";
import { secretsPreservingProxy } from "@pulumi/policy/secret";
import { unknown } from "../../../policies/guardrails/guardrail";
import { plainProps } from "../../../policies/guardrails/plain";
import { unknownCheckingProxy, unknownStringValue } from "../unknowns";

describe("plainProps", () => {
  const props = {
    name: "db",
    password: new Secret("hunter2"),
    env: ["a", new Secret({ token: "b" }), { at: unknownStringValue }],
    nothing: null,
  };

  it("takes off both wrappers of the SDK, and tells what is secret", () => {
    const wrapped = unknownCheckingProxy(secretsPreservingProxy(props) as typeof props);
    assert.deepEqual(plainProps(wrapped), {
      props: {
        name: "db",
        password: "hunter2",
        env: ["a", { token: "b" }, { at: unknown }],
        nothing: null,
      },
      secrets: ["password", "env[1]"],
    });
  });

  it("gives plain values as they are", () => {
    const plain = { a: 1, b: [true, { c: "x" }], d: undefined };
    assert.deepEqual(plainProps(plain), { props: plain, secrets: [] });
  });

  it("doesn't take a value apart that is of a class", () => {
    const asset = new Date(0);
    assert.equal(plainProps({ asset }).props["asset"], asset);
  });

  it("keeps a key that would be another object's prototype", () => {
    const { props: kept } = plainProps(JSON.parse('{"__proto__": {"password": "x"}}') as never);
    assert.deepEqual(Object.keys(kept), ["__proto__"]);
  });
});
