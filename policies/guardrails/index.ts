import { databaseProtected } from "./database-protected";
import { deletionProtection } from "./deletion-protection";
import type { Guardrail } from "./guardrail";
import { imagesByDigest } from "./images-by-digest";
import { noPlainSecrets } from "./no-plain-secrets";
import { nonRootAndLimits } from "./non-root-and-limits";
import { nothingBeyondLoopback } from "./nothing-beyond-loopback";
import { nothingShared } from "./nothing-shared";
import { servesWhatWasAdmitted } from "./serves-what-was-admitted";
import { storePrivate } from "./store-private";

/** Every rule for infrastructure there is, in the order in which they are judged. */
export const guardrails: readonly Guardrail[] = [
  servesWhatWasAdmitted,
  nothingBeyondLoopback,
  nothingShared,
  noPlainSecrets,
  imagesByDigest,
  nonRootAndLimits,
  storePrivate,
  databaseProtected,
  deletionProtection,
];
