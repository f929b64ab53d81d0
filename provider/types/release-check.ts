import { isDeepStrictEqual } from "node:util";
import type { ReleaseCheckInputs } from "../inputs";
import type { ResourceType } from "../resource-type";

/** Checks of new scorers before any traffic; runs when it is made and when the scorers or the digest change. */
export const releaseCheckType = {
  diff(_id, olds, news) {
    return Promise.resolve({ changes: !isDeepStrictEqual(checked(olds), checked(news)) });
  },

  async create(inputs) {
    await run(inputs);
    return { id: inputs.digest, outputs: inputs };
  },

  async update(_id, _olds, news) {
    await run(news);
    return news;
  },

  read: (_id, recorded) => Promise.resolve(recorded),

  delete: () => Promise.resolve(),
} satisfies ResourceType<ReleaseCheckInputs>;

/** What a check was made of. Limit and kept answers aren't in it: a new evaluation doesn't undo a release. */
function checked({ scorers, model, version, digest }: ReleaseCheckInputs): object {
  return { scorers, model, version, digest };
}

async function run(inputs: ReleaseCheckInputs): Promise<void> {
  const { checkScorers } = await import("../release/check-scorers");
  await checkScorers(inputs);
}
