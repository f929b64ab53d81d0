import assert from "node:assert/strict";
import { bucketsIn, countersIn, samplesIn } from "../../../provider/release/cluster/counters";

const text = `# HELP tollgate_scorer_requests_total Answered requests.
# TYPE tollgate_scorer_requests_total counter
tollgate_scorer_requests_total{model="churn",version="2",route="/predict",code="200"} 97.0
tollgate_scorer_requests_total{model="churn",version="2",route="/predict",code="500"} 2.0
tollgate_scorer_requests_total{model="churn",version="2",route="/invocations",code="503"} 1.0
tollgate_scorer_requests_total{model="churn",version="2",route="/predict",code="422"} 5.0
tollgate_scorer_requests_total{model="churn",version="2",route="/ready",code="503"} 40.0
tollgate_scorer_request_seconds_bucket{model="churn",version="2",route="/predict",le="0.001"} 10.0
tollgate_scorer_request_seconds_bucket{model="churn",version="2",route="/predict",le="0.01"} 90.0
tollgate_scorer_request_seconds_bucket{model="churn",version="2",route="/predict",le="+Inf"} 100.0
tollgate_scorer_request_seconds_bucket{model="churn",version="2",route="/ready",le="0.001"} 40.0
process_cpu_seconds_total 1.5
`;

describe("countersIn", () => {
  it("counts callers' answers alone, and as errors those of 5xx that no input of theirs causes", () => {
    assert.deepEqual(countersIn(samplesIn(text)), { requests: 105, errors: 1, doubtful: 2 });
  });

  it("counts nothing in a text without metrics", () => {
    assert.deepEqual(countersIn(samplesIn("")), { requests: 0, errors: 0, doubtful: 0 });
  });
});

describe("bucketsIn", () => {
  it("turns cumulative buckets of seconds into single ones of milliseconds", () => {
    assert.deepEqual(bucketsIn(samplesIn(text)), [
      { upToMs: 1, count: 10 },
      { upToMs: 10, count: 80 },
      { upToMs: 60_000, count: 10 },
    ]);
  });
});
