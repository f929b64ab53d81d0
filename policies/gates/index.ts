import type { Gate } from "../gate";
import { approvals } from "./approvals";
import { betterThanDeployed } from "./better-than-deployed";
import { betterThanTrivial } from "./better-than-trivial";
import { calibration } from "./calibration";
import { contract } from "./contract";
import { dataDrift } from "./data-drift";
import { dataQuality } from "./data-quality";
import { dependencies } from "./dependencies";
import { digestMatches } from "./digest-matches";
import { evidencePresent } from "./evidence-present";
import { evidenceSigned } from "./evidence-signed";
import { fairness } from "./fairness";
import { latency } from "./latency";
import { lineageComplete } from "./lineage-complete";
import { metricFloor } from "./metric-floor";
import { packRecorded } from "./pack-recorded";
import { predictionDrift } from "./prediction-drift";
import { provenance } from "./provenance";
import { robustness } from "./robustness";
import { safeCode } from "./safe-code";
import { schemaPresent } from "./schema-present";
import { settingsReviewed } from "./settings-reviewed";
import { size } from "./size";
import { slices } from "./slices";
import { smoke } from "./smoke";
import { soak } from "./soak";
import { trainingSigned } from "./training-signed";
import { window } from "./window";

/** Every gate there is, in the order in which verdicts are given: identity first, then the model, people last. */
export const gates: readonly Gate[] = [
  evidencePresent,
  evidenceSigned,
  trainingSigned,
  digestMatches,
  provenance,
  lineageComplete,
  packRecorded,
  settingsReviewed,
  safeCode,
  dependencies,
  schemaPresent,
  contract,
  smoke,
  metricFloor,
  betterThanTrivial,
  betterThanDeployed,
  slices,
  fairness,
  robustness,
  calibration,
  dataQuality,
  dataDrift,
  predictionDrift,
  latency,
  size,
  soak,
  approvals,
  window,
];
