import assert from "node:assert/strict";
import { type Status, waiversOf } from "../../cli/status";
import { driftOf } from "../../cli/status/drift";

const pin = { name: "churn-model", version: "2", digest: `sha256:${"a".repeat(64)}` };
const other = { ...pin, version: "1", digest: `sha256:${"b".repeat(64)}` };
const short = "sha256:aaaaaaaaaaaa";

/** A stack where everything is as pinned. */
function settled(changes: Partial<Status> = {}): Omit<Status, "drift"> {
  return {
    stack: "prod",
    tier: "prod",
    runtime: "local",
    pin,
    lastReceipt: { pin, at: "2026-01-01T00:00:00Z", actor: "ada@example.com" },
    serving: {
      url: "http://127.0.0.1:8001",
      answer: { model: pin.name, version: pin.version, digest: pin.digest, stage: "Production" },
      problem: null,
    },
    registry: {
      uri: "http://127.0.0.1:5002",
      alias: { name: "production", version: "2" },
      stage: "Production",
      problem: null,
    },
    approvals: [],
    waivers: [],
    processes: [
      { name: "router", status: "running", healthy: true, pid: 1, uptime: "1 s", address: null },
    ],
    cluster: null,
    pods: [],
    ...changes,
  };
}

describe("driftOf", () => {
  it("is empty when everything is as pinned", () => {
    assert.deepEqual(driftOf(settled(), { stage: "Production", interrupted: false }), []);
  });

  const cases: [situation: string, changes: Partial<Status>, sentence: string][] = [
    [
      "the pin was moved and not released",
      { lastReceipt: { pin: other, at: "", actor: "" } },
      `churn-model version 2 (${short}) is pinned, but churn-model version 1 (sha256:bbbbbbbbbbbb) was released last`,
    ],
    [
      "nothing was released",
      { lastReceipt: null },
      `churn-model version 2 (${short}) is pinned, but nothing was released yet`,
    ],
    [
      "the scorer is silent",
      { serving: { url: "http://127.0.0.1:8001", answer: null, problem: "no connection" } },
      "nothing answers at http://127.0.0.1:8001 (no connection)",
    ],
    [
      "other bytes answer",
      {
        serving: {
          url: "u",
          answer: { model: pin.name, version: "2", digest: other.digest, stage: "Production" },
          problem: null,
        },
      },
      `version 2 (sha256:bbbbbbbbbbbb) answers instead of churn-model version 2 (${short})`,
    ],
    [
      "the alias was moved",
      { registry: { ...settled().registry, alias: { name: "production", version: "1" } } },
      "alias production in the registry points to version 1 instead of version 2",
    ],
    [
      "the stage was moved",
      { registry: { ...settled().registry, stage: "Archived" } },
      "the registry has version 2 in stage Archived instead of Production",
    ],
    [
      "the registry is down",
      { registry: { ...settled().registry, problem: "The registry doesn't answer." } },
      "The registry doesn't answer.",
    ],
    [
      "a process died",
      {
        processes: [
          {
            name: "router",
            status: "dead (SIGKILL)",
            healthy: false,
            pid: null,
            uptime: null,
            address: null,
          },
        ],
      },
      "router is dead (SIGKILL)",
    ],
    ["something answers unpinned", { pin: null }, "nothing is pinned, but version 2 answers"],
  ];
  for (const [situation, changes, sentence] of cases) {
    it(`says when ${situation}`, () => {
      assert.deepEqual(driftOf(settled(changes), { stage: "Production", interrupted: false }), [
        sentence,
      ]);
    });
  }

  it("says when a release was interrupted", () => {
    assert.deepEqual(driftOf(settled(), { stage: "Production", interrupted: true }), [
      "a release is under way, or was interrupted",
    ]);
  });

  it("asks for no stage where the tier has none", () => {
    const registry = { ...settled().registry, stage: null };
    assert.deepEqual(driftOf(settled({ registry }), { stage: "None", interrupted: false }), []);
  });
});

describe("waiversOf", () => {
  const waiver = { owner: "ada@example.com", reason: "known", expires: "2026-03-01T00:00:00Z" };
  const verdicts = [
    { gate: "slices", waiver },
    { gate: "slices", waiver },
    { gate: "metric-floor", waiver: null },
  ];

  it("names each waived gate once", () => {
    assert.deepEqual(waiversOf(verdicts, new Date("2026-02-28T23:59:59Z")), [
      { gate: "slices", ...waiver, over: false },
    ]);
  });

  it("says that a waiver is over from its last moment on", () => {
    assert.equal(waiversOf(verdicts, new Date(waiver.expires))[0]?.over, true);
  });

  it("takes a time that can't be read for over", () => {
    const unreadable = [{ gate: "slices", waiver: { ...waiver, expires: "soon" } }];
    assert.equal(waiversOf(unreadable, new Date(0))[0]?.over, true);
  });
});
