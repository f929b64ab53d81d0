import assert from "node:assert/strict";
import { emptyReport } from "../../../cli/engine/events";
import {
  causesOf,
  engineFailure,
  lockIn,
  lockSentence,
  sentenceOf,
} from "../../../cli/engine/sentences";

// The texts are what engine 3.259.0 really printed.
const locked = `error: the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or delete the lock file with \`pulumi cancel\`.
  file:///work/.pulumi/locks/organization/demo/s1/6692ea2a.json?no_tmp_dir=true: created by root@vm (pid 16201) at 2026-11-21T09:20:21Z`;

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
      { severity: "error", resource: null, message: "update failed\n" },
    );
    assert.deepEqual(causesOf(report), [
      "router: port 1 is taken; stop it",
      "check of the scorer failed",
    ]);
  });
});

describe("lockIn", () => {
  const lock = { user: "root", host: "vm", pid: 16201, since: "2026-11-21T09:20:21Z" };

  it("reads who holds the lock", () => assert.deepEqual(lockIn(locked), lock));

  it("is null when no lock is in the way", () => assert.equal(lockIn("error: no"), null));

  it("becomes one sentence with process, user and time", () => {
    assert.equal(
      lockSentence("prod", lock, "vm"),
      "Stack prod is being changed by root (pid 16201) since 2026-11-21T09:20:21Z: wait until that is done and run this again.",
    );
    assert.match(lockSentence("prod", lock, "laptop"), /by root on vm \(pid/);
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
      "error: getting stack configuration: get stack secrets manager: incorrect passphrase",
      /another passphrase: set PULUMI_CONFIG_PASSPHRASE/,
    ],
    ["error: something new\n    at trace (x.js:1:1)", /^something new$/],
  ] as const) {
    it(`says one sentence for "${printed.slice(0, 50)}"`, () => {
      assert.match(engineFailure(printed), sentence);
    });
  }
});
