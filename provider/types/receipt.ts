import { readReceipts } from "../../history/receipts";
import { problemOfSent } from "../../policies/admission-inputs";
import type { ReceiptInputs } from "../inputs";
import { completeRelease, isRecorded } from "../release/complete";
import { siteOf } from "../release/site-of";
import type { ResourceType } from "../resource-type";

/** The last line of a release: appended when pin, approvals or override are new. Survives destroy. */
export const receiptType = {
  check(_olds, news) {
    const problem = problemOfSent(news.admission);
    const failures = problem === null ? [] : [{ property: "", reason: problem }];
    return Promise.resolve({ inputs: news, failures });
  },

  async diff(_id, olds, news) {
    if (olds.stateDir !== news.stateDir) {
      return { changes: true, replaces: ["stateDir"] };
    }
    const { receipts } = readReceipts(news.stateDir);
    const recorded = isRecorded(receipts.at(-1), news);
    return { changes: !recorded || (await (await siteOf(news)).journal()) !== null };
  },

  async create(inputs) {
    await completeRelease(inputs);
    return { id: `${inputs.stack}:receipt`, outputs: inputs };
  },

  async update(_id, _olds, news) {
    await completeRelease(news);
    return news;
  },

  read: (_id, recorded) => Promise.resolve(recorded),

  // The file stays: it is the history of the stack.
  delete: () => Promise.resolve(),
} satisfies ResourceType<ReceiptInputs>;
