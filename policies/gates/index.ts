import type { Gate } from "../gate";
import { approvals } from "./approvals";
import { digestMatches } from "./digest-matches";
import { evidencePresent } from "./evidence-present";
import { latency } from "./latency";
import { lineageComplete } from "./lineage-complete";
import { metricFloor } from "./metric-floor";
import { schemaPresent } from "./schema-present";
import { smoke } from "./smoke";

/** Every gate there is, in the order in which verdicts are given: identity first, people last. */
export const gates: readonly Gate[] = [
  evidencePresent,
  digestMatches,
  metricFloor,
  latency,
  schemaPresent,
  smoke,
  lineageComplete,
  approvals,
];
