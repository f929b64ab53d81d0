import assert from "node:assert/strict";
import { emptyReport } from "../../../cli/engine/events";
import { causesOf, engineFailure, sentenceOf } from "../../../cli/engine/sentences";

// The texts are what engine 3.259.0 really printed.

describe("sentenceOf", () => {
  for (const [what, message, sentence] of [
    [
      "a provider's refusal",
      "tollgate:index:Admission resource 'pin' has a problem: metric-floor: too low. Train again.",
      "metric-floor: too low. Train again.",
    ],
    [
      "a refusal about a property",
      "tg:index:R resource 'a': property pin value {<nil>} has a problem: too low.",
      "too low.",
    ],
    [
      "a plain failure",
      "port 5001 is taken by nginx (pid 123); stop it\n",
      "port 5001 is taken by nginx (pid 123); stop it",
    ],
    [
      "a program that threw",
      "Running program '/x/prog.js' failed with an unhandled exception:\nError: tollgate:scorer.port: got 70000\ntollgate:x: unknown key\n    at Object.<anonymous> (/x/prog.js:6:26)\n    at node:internal/main:1:2\n",
      "tollgate:scorer.port: got 70000\ntollgate:x: unknown key",
    ],
    [
      "the Kubernetes provider's report of a right that is lacking",
      'resource "urn:pulumi:staging::churn::kubernetes:apps/v1:Deployment::scorer" was not successfully created by the Kubernetes API server: deployments.apps "scorer" is forbidden: User "mira" cannot patch resource "deployments" in API group "apps" in the namespace "shop"',
      'deployments.apps "scorer" is forbidden: User "mira" cannot patch resource "deployments" in API group "apps" in the namespace "shop"; have that right given, or choose another user with tollgate:kubernetes.context (`tollgate doctor` lists every right that is needed)',
    ],
    [
      "an error class",
      "SettingsError: Pulumi.dev.yaml has a wrong setting",
      "Pulumi.dev.yaml has a wrong setting",
    ],
  ] as const) {
    it(`takes the sentence out of ${what}`, () => assert.equal(sentenceOf(message), sentence));
  }
});

describe("causesOf", () => {
  it("names the resource, once, and leaves out what only repeats that it failed", () => {
    const report = emptyReport();
    report.diagnostics.push(
      { severity: "error", resource: "router", message: "port 1 is taken; stop it" },
      { severity: "error", resource: "router", message: "port 1 is taken; stop it\n" },
      { severity: "error", resource: "check", message: "check of the scorer failed" },
      { severity: "warning", resource: null, message: "only a warning" },
      { severity: "error", resource: "route", message: "port 1 is taken; stop it" },
      { severity: "error", resource: "b", message: "failed to run remediation: context canceled" },
      {
        severity: "error",
        resource: "b",
        message: "failed to run policy: rpc error: code = Canceled desc = context canceled",
      },
      { severity: "error", resource: null, message: "update failed\n" },
    );
    assert.deepEqual(causesOf(report), [
      "router: port 1 is taken; stop it",
      "check of the scorer failed",
    ]);
  });
});

describe("engineFailure", () => {
  for (const [printed, sentence] of [
    ["error: write /x/y: no space left on device", /^The disk is full/],
    [
      "error: open /x/.pulumi/stacks/a.json: read-only file system",
      /^The stack's state at \/x\/.pulumi\/stacks\/a.json can't be written/,
    ],
    ["error: open /x/meta.yaml: permission denied", /at \/x\/meta.yaml can't be written/],
    [
      'error: read ".pulumi/meta.yaml": blob (code=Unknown): stat /x/.pulumi/meta.yaml: not a directory',
      /^The stack's state at \/x\/.pulumi\/meta.yaml can't be written \(not a directory\)/,
    ],
    [
      "error: getting stack configuration: get stack secrets manager: incorrect passphrase",
      /another passphrase: set PULUMI_CONFIG_PASSPHRASE/,
    ],
    [
      "SDK 2026/11/30 01:36:16 WARN Response has no supported checksum. Not validating response payload.\nerror: unexpected end of JSON input\n",
      /^A file of the stack's state, or of its locks, is empty\. Where the state is in S3 of SeaweedFS, /,
    ],
    [
      "SDK 2026/11/30 01:36:16 WARN Response has no supported checksum. Not validating response payload.\nerror: something new\n",
      /^something new$/,
    ],
    ["error: something new\n    at trace (x.js:1:1)", /^something new$/],
  ] as const) {
    it(`says one sentence for "${printed.slice(0, 50)}"`, () => {
      assert.match(engineFailure(printed), sentence);
    });
  }
});
