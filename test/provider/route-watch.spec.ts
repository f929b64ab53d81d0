// The judgement of a watch, without a router.
import assert from "node:assert/strict";
import fc from "fast-check";
import { clusterScorers, scorerCluster } from "../../provider/envoy/clusters";
import { bucketsSince, p95, p95OfBuckets } from "../../provider/release/statistics";
import {
  judgeWatch,
  onlyAsking,
  type WatchFacts,
  type WatchOptions,
  type WatchSource,
  watchTraffic,
} from "../../provider/release/watch";
import { type FakeScorer, startFakeScorer } from "../support/fake-scorer";
import { digestOf } from "../support/fixtures";

const options: WatchOptions = {
  urls: ["http://127.0.0.1:1"],
  detour: false,
  version: "2",
  questions: onlyAsking({ path: "/predict", rows: 1, body: "{}" }),
  watchSeconds: 1,
  maxErrorRate: 0.01,
  maxP95Ms: 200,
};

function facts(change: Partial<WatchFacts> = {}): WatchFacts {
  return {
    all: { requests: 1000, errors: 0 },
    own: { requests: 20, errors: 0 },
    p95Ms: 10,
    problem: null,
    difference: null,
    ...change,
  };
}

describe("judgeWatch", () => {
  it("accepts what lies exactly on the limits", () => {
    judgeWatch(facts({ all: { requests: 1000, errors: 10 }, p95Ms: 200 }), options, true);
  });

  it("refuses one error more than the limit allows", () => {
    const found = facts({ all: { requests: 1000, errors: 11 } });
    assert.throws(() => judgeWatch(found, options, true), {
      message: "11 of 1000 requests failed (1.1 %; tollgate:release.maxErrorRate allows 1 %)",
    });
  });

  it("refuses bad answers to its own requests that the router counts as good", () => {
    const found = facts({ own: { requests: 20, errors: 20 }, problem: "answers nonsense" });
    assert.throws(() => judgeWatch(found, options, true), {
      message:
        "20 of 20 requests failed (100 %; tollgate:release.maxErrorRate allows 1 %), it answers nonsense",
    });
  });

  it("refuses a P95 above the limit, unless there is none", () => {
    assert.throws(() => judgeWatch(facts({ p95Ms: 200.4 }), options, true), {
      message: "its P95 latency is 200.4 ms (tollgate:release.maxP95Ms allows 200 ms)",
    });
    judgeWatch(facts({ p95Ms: 9000 }), { ...options, maxP95Ms: 0 }, true);
  });

  it("decides nothing by few requests before the watch is over", () => {
    const few = facts({
      all: { requests: 19, errors: 19 },
      own: { requests: 19, errors: 19 },
      p95Ms: 900,
    });
    judgeWatch(few, options, false);
    assert.throws(() => judgeWatch(few, options, true), /19 of 19 requests failed/);
  });

  it("has nothing to say about a version without a sample that nobody called", () => {
    const none = { requests: 0, errors: 0 };
    judgeWatch(facts({ all: none, own: none, p95Ms: null }), { ...options, questions: null }, true);
  });
});

describe("watchTraffic", () => {
  const source: WatchSource = {
    counters: () => Promise.resolve(null),
    latency: () => Promise.resolve([{ upToMs: 5, count: 100 }]),
  };
  const baseline = { counters: { requests: 0, errors: 0 }, latency: [] };
  let scorer: FakeScorer;
  let slow: WatchOptions;
  before(async () => {
    const digest = digestOf("2");
    scorer = await startFakeScorer({ model: "m", version: "2", digest, delayMs: 1200 });
    slow = { ...options, urls: [scorer.url], watchSeconds: 0.5 };
  });
  after(() => scorer.stop());

  it("holds a slow answer on the callers' way against the version", async () => {
    await assert.rejects(watchTraffic(source, baseline, slow), /requests failed \(100 %/);
  });

  it("judges the latency that callers get, not that of a detour", async () => {
    const { own, p95Ms } = await watchTraffic(source, baseline, { ...slow, detour: true });
    assert.equal(own.errors, 0);
    assert.ok(own.requests >= 3 && p95Ms! <= 5, `${own.requests} requests, P95 ${p95Ms} ms`);
  });

  describe("with callers whose requests fail, maybe by their own doing", () => {
    const requests = { requests: 1000, errors: 0 };
    const quick = { ...options, maxP95Ms: 0, watchSeconds: 0.5 };
    const watched = async (doubtful: number, goodRequests: number) => {
      const behaviour = { model: "m", version: "2", digest: digestOf("2"), status: 500 };
      const own = await startFakeScorer({ ...behaviour, goodRequests });
      const counters = () => Promise.resolve({ ...requests, doubtful });
      try {
        return await watchTraffic({ ...source, counters }, baseline, { ...quick, urls: [own.url] });
      } finally {
        await own.stop();
      }
    };

    it("asks more by itself, and keeps a version that answers all of that", async () => {
      const { own } = await watched(11, Infinity);
      assert.deepEqual(own, { requests: 299, errors: 0 });
    });

    it("refuses one that fails on what it is asked then", async () => {
      await assert.rejects(watched(11, 150), /[3-9] of \d+ requests failed .*answers 500/);
    });

    it("asks no more than usual where they fail as seldom as may be", async () => {
      const { own } = await watched(10, Infinity);
      assert.ok(own.requests < 20, String(own.requests));
    });
  });

  it("judges that of a detour when nobody counts callers' latency", async () => {
    const silent = { ...source, latency: () => Promise.resolve([]) };
    const watching = watchTraffic(silent, baseline, { ...slow, detour: true });
    await assert.rejects(watching, /^Error: its P95 latency is 1[2-9]\d\d/);
  });
});

describe("p95", () => {
  it("is the value below which 95 of 100 lie, in any order", () => {
    const hundred = Array.from({ length: 100 }, (_, i) => i + 1);
    assert.equal(p95(hundred), 95);
    assert.equal(p95(hundred.reverse()), 95);
    assert.equal(p95([7]), 7);
    assert.equal(p95([]), null);
  });
});

describe("p95OfBuckets", () => {
  it("lies in the bucket of the real P95", () => {
    const bounds = [1, 2, 5, 10, 20, 50, 100, 1000];
    const samples = fc.array(fc.double({ min: 0.01, max: 1000, noNaN: true }), { minLength: 1 });
    fc.assert(
      fc.property(samples, (values) => {
        const bucketOf = (ms: number) => bounds.findIndex((bound) => ms <= bound);
        const buckets = bounds.map((upToMs, i) => ({
          upToMs,
          count: values.filter((ms) => bucketOf(ms) === i).length,
        }));
        assert.equal(bucketOf(p95OfBuckets(buckets)!), bucketOf(p95(values)!));
      }),
    );
  });

  it("is null without samples", () => {
    assert.equal(p95OfBuckets([]), null);
    assert.equal(p95OfBuckets([{ upToMs: 1, count: 0 }]), null);
  });
});

describe("bucketsSince", () => {
  const before = [
    { upToMs: 1, count: 5 },
    { upToMs: 2, count: 1 },
  ];

  it("counts only what is new", () => {
    const now = [
      { upToMs: 1, count: 9 },
      { upToMs: 2, count: 1 },
    ];
    assert.deepEqual(
      bucketsSince(before, now).map(({ count }) => count),
      [4, 0],
    );
  });

  it("counts everything when the histogram began anew", () => {
    const now = [{ upToMs: 1, count: 2 }];
    assert.deepEqual(bucketsSince(before, now), now);
  });
});

describe("scorerCluster", () => {
  it("gives the addresses back, named hosts and IPv6 too", () => {
    const scorers = ["http://127.0.0.1:4100", "http://[::1]:4101", "http://localhost:4102"];
    assert.deepEqual(clusterScorers(scorerCluster(digestOf("1"), scorers)), scorers);
  });

  it("asks a name server only for names", () => {
    assert.equal(scorerCluster(digestOf("1"), ["http://[::1]:1"])["type"], "STATIC");
    assert.equal(scorerCluster(digestOf("1"), ["http://scorer:1"])["type"], "STRICT_DNS");
  });
});
