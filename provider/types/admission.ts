import { isDeepStrictEqual } from "node:util";
import type { AdmissionInputs, AdmissionOutputs } from "../inputs";
import type { ResourceType } from "../resource-type";

/** The pin, admitted by the gates. A refusal stops a preview, with or without the policy pack. */
export const admissionType = {
  token: "tollgate:index:Admission",

  async check(olds, news) {
    const { checkAdmission } = await import("../../policies/check");
    return checkAdmission(olds, news);
  },

  diff(_id, olds, news) {
    return Promise.resolve({ changes: !isDeepStrictEqual(olds, admitted(news)) });
  },

  create(inputs) {
    const outputs = admitted(inputs);
    return Promise.resolve({ id: `${inputs.stack}:${inputs.pin.name}`, outputs });
  },

  update: (_id, _olds, news) => Promise.resolve(admitted(news)),

  read: (_id, recorded) => Promise.resolve(recorded),

  delete: () => Promise.resolve(),
} satisfies ResourceType<AdmissionInputs, AdmissionOutputs>;

function admitted(inputs: AdmissionInputs): AdmissionOutputs {
  return { ...inputs, modelUri: `models:/${inputs.pin.name}/${inputs.pin.version}` };
}
