import { readReceipts } from "../../history/receipts";
import type { ReceiptInputs } from "../inputs";
import { readJournal } from "../release/journal";
import { completeRelease, isRecorded } from "../release/complete";
import type { ResourceType } from "../resource-type";

/** The last line of a release: appended when pin, approvals or override are new. Survives destroy. */
export const receiptType = {
  token: "tollgate:index:Receipt",

  diff(_id, olds, news) {
    if (olds.stateDir !== news.stateDir) {
      return Promise.resolve({ changes: true, replaces: ["stateDir"] });
    }
    const { receipts } = readReceipts(news.stateDir);
    const pending = !isRecorded(receipts.at(-1), news) || readJournal(news.stateDir) !== null;
    return Promise.resolve({ changes: pending });
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
