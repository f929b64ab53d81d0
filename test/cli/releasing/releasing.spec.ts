import assert from "node:assert/strict";
import type { Context } from "../../../cli/context";
import type { Judgement } from "../../../cli/releasing/judgement";
import { Output } from "../../../cli/terminal/output";
import { refusal } from "../../../cli/releasing/releasing";
import type { Settings } from "../../../config/settings";
import type { Verdict } from "../../../policies/gate";
import { asText } from "../../../policies/present";
import { candidate } from "../../policies/fixtures";
import { capture } from "../support/streams";

const unsigned: Verdict = {
  gate: "evidence-signed",
  subject: null,
  level: "advisory",
  status: "refused",
  passed: false,
  code: "signature-missing",
  value: null,
  threshold: null,
  margin: null,
  reason: "churn-model v2 has unsigned evidence.",
  remedy: "Sign it.",
  waiver: null,
};
const late: Verdict = {
  ...unsigned,
  gate: "approvals",
  level: "mandatory",
  code: "too-few",
  reason: "0 of 2 approvals.",
  remedy: "Ask.",
};

describe("a refusal", () => {
  const judgement: Judgement = {
    candidate: candidate(),
    verdicts: [unsigned, late],
    blocked: true,
  };
  const settings = { stack: "staging" } as Settings;

  async function text(notedBefore: string[]): Promise<string> {
    const output = new Output(capture(), false, false);
    for (const each of notedBefore) output.note(each);
    return (await refusal({ output } as Context, settings, judgement)).text;
  }

  it("says why, and says nothing again that the command has said", async () => {
    const alone = await text([]);
    assert.match(alone, /^evidence-signed: churn-model v2 has unsigned evidence\. Sign it\.$/m);
    const after = await text([asText([unsigned])]);
    assert.doesNotMatch(after, /unsigned evidence/);
    assert.match(after, /^evidence-signed +refused \(advisory\)$/m);
    assert.match(after, /^approvals: 0 of 2 approvals\. Ask\.$/m);
  });
});
