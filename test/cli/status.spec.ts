import assert from "node:assert/strict";
import { utimesSync } from "node:fs";
import { join } from "node:path";
import { type Status, waiversOf } from "../../cli/status";
import { podStatus } from "../../runtimes/kubernetes/operate/status";
import { driftOf } from "../../cli/status/drift";
import { processStatus } from "../../runtimes/local/operate/status";
import { age } from "../../runtimes/since";
import { ownIdentity } from "../../processes/identity";
import { temporaryFolder } from "./support/project";

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
      evidence: null,
      problem: null,
    },
    approvals: [],
    waivers: [],
    processes: [
      {
        name: "router",
        status: "running",
        healthy: true,
        pid: 1,
        uptime: 1,
        address: null,
        restarted: null,
      },
    ],
    cluster: null,
    pods: [],
    ended: null,
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
            restarted: null,
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

  for (const ended of ["stop", "destroy"] as const) {
    const silent: Partial<Status> = {
      ended,
      serving: { url: "u", answer: null, problem: "no connection" },
      registry: { ...settled().registry, problem: "The registry doesn't answer." },
      processes: [],
    };
    const drift = (changes: Partial<Status>, interrupted = false) =>
      driftOf(settled({ ...silent, ...changes }), { stage: "Production", interrupted });

    it(`expects nothing of servers that ${ended} ended`, () => assert.deepEqual(drift({}), []));

    it(`says what differs all the same after ${ended}`, () => {
      assert.deepEqual(drift({ serving: settled().serving, lastReceipt: null }, true), [
        "a release was interrupted",
        "it is ended, but version 2 answers at http://127.0.0.1:8001",
        `churn-model version 2 (${short}) is pinned, but nothing was released yet`,
      ]);
    });
  }

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

describe("the time that something has been there", () => {
  it("is a number of seconds for a process", async () => {
    const own = ownIdentity();
    const record = { keeper: own, child: own, spec: "", ports: { main: 1 } };
    const folder = temporaryFolder({ "run/router/pid.json": JSON.stringify(record) });
    try {
      const started = Date.now() / 1000 - 7200;
      utimesSync(join(folder.dir, "run", "router", "pid.json"), started, started);
      const [router] = await processStatus(folder.dir);
      assert.equal(router?.pid, process.pid);
      const { uptime } = router;
      assert.ok(uptime !== null && uptime >= 7200 && uptime < 7800, String(uptime));
    } finally {
      folder.remove();
    }
  });

  it("is a number of seconds for a pod, also by a clock that is behind", () => {
    const pod = { metadata: { name: "scorer", creationTimestamp: "2026-01-01T00:00:00Z" } };
    const at = (time: string) => podStatus(pod as Parameters<typeof podStatus>[0], new Date(time));
    assert.equal(at("2026-01-01T01:00:00.9Z").age, 3600);
    assert.equal(at("2025-12-31T23:59:59Z").age, 0);
  });

  it("is shown in a unit that there are two of", () => {
    assert.deepEqual([0, 119, 120, 7199, 7200, 172_799, 172_800].map(age), [
      "0 s",
      "119 s",
      "2 min",
      "119 min",
      "2 h",
      "47 h",
      "2 d",
    ]);
  });
});
