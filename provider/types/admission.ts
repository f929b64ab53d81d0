import { isDeepStrictEqual } from "node:util";
import { readReceipts } from "../../history/receipts";
import { problemOfSent, readAdmission, type SentAdmission } from "../../policies/admission-inputs";
import type { AdmissionOutputs } from "../inputs";
import type { ResourceType } from "../resource-type";

/** The pin, admitted by the gates. A refusal stops a preview, with or without the policy pack. */
export const admissionType = {
  async check(olds, news, stack) {
    const problem = problemOfSent(news);
    if (problem !== null) return { inputs: news, failures: [{ property: "", reason: problem }] };
    if (news.stack !== stack) {
      const reason = `The program judges ${news.pin.name} by the settings of ${news.stack}, and this is ${stack}; take the settings of ${stack}.`;
      return { inputs: news, failures: [{ property: "", reason }] };
    }
    const [{ checkAdmission }, { withReview }, { missingHistory }] = await Promise.all([
      import("../../admission/check"),
      import("../../admission/review-admission"),
      import("../release/missing-history"),
    ]);
    const { stateDir, cluster } = readAdmission(news);
    const { receipts } = readReceipts(stateDir);
    const missing = await missingHistory(stack, { stateDir, cluster }, receipts);
    if (missing) return { inputs: news, failures: [{ property: "", reason: missing }] };
    const compared = await withReview(olds, news, receipts);
    return checkAdmission(olds, compared, receipts, new Date().toISOString());
  },

  diff(_id, olds, news) {
    return Promise.resolve({
      changes: !isDeepStrictEqual(withoutMoment(olds), withoutMoment(admitted(news))),
    });
  },

  create(inputs) {
    const outputs = admitted(inputs);
    return Promise.resolve({ id: `${inputs.stack}:${inputs.pin.name}`, outputs });
  },

  update: (_id, _olds, news) => Promise.resolve(admitted(news)),

  read: (_id, recorded) => Promise.resolve(recorded),

  delete: () => Promise.resolve(),
} satisfies ResourceType<SentAdmission, AdmissionOutputs>;

/**
 * What was judged, without when and beside what: time, history and the reviewed branch go on by themselves, and that is no
 * change of the pin.
 */
function withoutMoment(admission: AdmissionOutputs): Partial<AdmissionOutputs> {
  const { history, judgedAt, soaked, review, settings, ...judged } = admission;
  return judged;
}

function admitted(inputs: SentAdmission): AdmissionOutputs {
  return { ...inputs, modelUri: `models:/${inputs.pin.name}/${inputs.pin.version}` };
}
