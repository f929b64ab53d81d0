/** What each code of a refusal means: one meaning whichever gate gives it. A clause without a full stop. */
const meanings = {
  "above-ceiling": "the value is higher than its ceiling",
  "above-limit": "the value is higher than its limit",
  "answers-not-kept": "the evidence names no kept answers that a release could ask for again",
  "author-not-allowed": "the version's author isn't one of those who may train for this stack",
  "author-unknown":
    "no author is recorded, or the allowed-signers file doesn't name them where somebody else is wanted",
  "below-floor": "the value is lower than its floor",
  "breaks-callers": "callers of the deployed version couldn't call this one",
  "class-absent": "the evaluation data has no row of a class",
  "clock-set-back": "the clock says less than a receipt does",
  "code-not-allowed": "unpickling would load a name that isn't allowed",
  "code-unreadable": "a file can't be scanned, or holds code itself",
  "compared-with-another": "the evidence compares with another version than the one deployed",
  "depends-on-other-rows": "a row's answer changes with the other rows of its request",
  "digest-differs": "the pin, the evidence and the registry don't name the same bytes",
  dirty: "it was trained with uncommitted changes",
  drifted: "a distribution moved further than its limit, and chance doesn't explain it",
  "evaluated-on-other-data": "the evidence was measured on other data than this stack pins or has",
  "evaluation-data-unknown":
    "the evaluation data isn't at hand, and the settings pin no digest of it",
  "evidence-altered": "the document isn't the one that the version's tag names",
  "evidence-missing": "there is no evidence document",
  "evidence-unreadable": "the document isn't what its schema says",
  failed: "the model failed where it had to answer",
  "from-the-future": "it says a time that hasn't come yet",
  frozen: "a freeze is on",
  "gates-changed": "the gates that judge aren't the ones that were reviewed",
  incomplete: "the model's signature names no inputs or no outputs",
  "key-not-valid-then": "the key wasn't valid when it signed",
  "key-revoked": "the key is revoked",
  leakage: "evaluation rows are training rows as well",
  "leakage-not-measured": "nobody looked for evaluation rows among the training rows",
  "lost-too-much": "disturbed inputs cost more than is allowed",
  "measured-otherwise": "it was measured with other parameters than the settings say now",
  missing: "what is asked for isn't in the evidence",
  "model-signature-invalid": "the model's own signature doesn't fit its files",
  "never-predicted": "the version never predicts a class",
  "never-served": "it never served in the stack before",
  "no-comparison": "the settings name no data to compare with",
  "no-dependencies": "the version doesn't say what it needs to run",
  "no-disturbance": "the settings name no disturbance",
  "no-evidence": "there is no evidence to judge by; evidence-present says why",
  "no-history": "the stack it must have served in has no receipts here",
  "no-limit": "the gate is on without any limit",
  "no-signature": "this version or the deployed one was logged without a signature",
  "no-slice": "the settings name no slice",
  "not-better": "it isn't better than answering always the same, by more than chance explains",
  "not-comparable": "the deployed version couldn't be measured on these rows",
  "not-finite": "the value is NaN or infinite",
  "not-green": "it served, but not with its checks green",
  "not-measured": "the evidence doesn't have what this gate judges",
  "not-reviewed": "a setting, a signer, a waiver or the gates aren't as they were reviewed",
  "one-group": "the column has one group only",
  "other-version": "the evidence was measured on another version",
  "outside-window": "it is outside the hours in which this stack is released to",
  "registry-digest-missing": "the version carries no digest in the registry",
  "registry-unavailable": "the registry didn't answer",
  "review-unknown": "nobody can tell whether the settings were reviewed",
  "signature-expired": "the signature is older than is allowed",
  "signature-for-another": "the signature is for other evidence or another version",
  "signature-invalid": "the signature isn't that of what is signed",
  "signature-missing": "nobody signed it",
  "signature-unreadable": "the signature can't be read",
  "signer-not-allowed": "the key may not sign such a thing",
  "signer-unknown": "the key is in no line of the allowed-signers file",
  "signers-unreadable": "the allowed-signers file or the revoked-keys file can't be read",
  "too-few": "fewer people approved than are required",
  "too-few-rows": "there are too few distinct rows to tell",
  "too-short": "it hasn't served long enough",
  "training-contradicted":
    "the version's tags say otherwise than what was signed when it was trained",
  "training-data-differs": "it was measured against other data than the version was trained on",
  undecided: "there are too few rows to tell that it isn't worse",
  unpinned: "a dependency has no exact version",
  "version-not-found": "the registry has no such version",
  "version-not-ready": "the registry hasn't finished registering the version",
  vulnerable: "a dependency has a known vulnerability",
  worse: "it is worse than what is deployed, by more than chance explains",
  "wrong-type": "a value isn't of its type",
  "wrong-unit": "the value can't be one in its unit",
} as const;

/** Stable and machine-readable: what a refusal's `code` can be. `ok` is the code of what passes. */
export type RefusalCode = keyof typeof meanings;

/** Of gates that judge numbers. */
export const numberCodes = ["wrong-type", "not-finite", "wrong-unit"] as const;

/** Of gates that want a signature. */
export const signatureCodes = [
  "signature-missing",
  "signature-unreadable",
  "signature-invalid",
  "signers-unreadable",
  "signer-unknown",
  "signer-not-allowed",
  "key-revoked",
  "key-not-valid-then",
] as const;

/** Of gates that compare with the deployed version. */
export const comparisonCodes = ["not-measured", "compared-with-another"] as const;

/** What a gate can refuse with, and what each code means, most telling first. */
export function codesOf({
  codes,
}: {
  readonly codes: readonly RefusalCode[];
}): { readonly code: RefusalCode; readonly meaning: string }[] {
  return codes.map((code) => ({ code, meaning: meanings[code] }));
}

/** Every code there is, sorted. */
export const refusalCodes = Object.keys(meanings).sort() as RefusalCode[];
