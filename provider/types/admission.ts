import { isDeepStrictEqual } from "node:util";
import { readReceipts } from "../../history/receipts";
import type { AdmissionInputs, AdmissionOutputs } from "../inputs";
import type { ResourceType } from "../resource-type";

/** The pin, admitted by the gates. A refusal stops a preview, with or without the policy pack. */
export const admissionType = {
  token: "tollgate:index:Admission",

  async check(olds, news) {
    const { checkAdmission } = await import("../../policies/check");
    const { receipts } = readReceipts(news.stateDir);
    return checkAdmission(olds, news, receipts, new Date().toISOString());
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
} satisfies ResourceType<AdmissionInputs, AdmissionOutputs>;

/** What was judged, without when: time and history go on by themselves, and that is no change of the pin. */
function withoutMoment(admission: AdmissionOutputs): Partial<AdmissionOutputs> {
  const { history, judgedAt, soaked, ...judged } = admission;
  return judged;
}

function admitted(inputs: AdmissionInputs): AdmissionOutputs {
  return { ...inputs, modelUri: `models:/${inputs.pin.name}/${inputs.pin.version}` };
}
