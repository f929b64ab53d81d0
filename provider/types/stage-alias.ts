import { isDeepStrictEqual } from "node:util";
import { isRegistryError } from "../../registry/errors";
import type { StageAliasInputs } from "../inputs";
import { markVersion, observeMark, unmarkVersion } from "../release/mark";
import type { ResourceType } from "../resource-type";

/** Longest a look at the registry may take in a diff, in seconds. */
const lookSeconds = 3;

/** Alias and legacy stage of the pinned version. The registry is the truth, not what is recorded. */
export const stageAliasType = {
  async diff(_id, olds, news) {
    if (!isDeepStrictEqual(olds, news)) return { changes: true };
    try {
      const { aliasVersion, stage } = await observeMark(news, lookSeconds);
      const marked =
        aliasVersion === news.version && (news.stage === "None" || stage === news.stage);
      return { changes: !marked };
    } catch (error) {
      // A registry that is silent now has kept its aliases; the tracking server's own diff restarts it.
      if (isRegistryError(error)) return { changes: false };
      throw error;
    }
  },

  async create(inputs) {
    await markVersion(inputs, null);
    return { id: `${inputs.model}@${inputs.alias}`, outputs: inputs };
  },

  async update(_id, olds, news) {
    await markVersion(news, olds);
    return news;
  },

  async read(_id, recorded) {
    try {
      const { aliasVersion, stage } = await observeMark(recorded, lookSeconds);
      if (aliasVersion === null) return null;
      const known = stage === "None" || stage === "Staging" || stage === "Production";
      const living = recorded.stage === "None" || !known ? recorded.stage : stage;
      return { ...recorded, version: aliasVersion, stage: living };
    } catch (error) {
      if (isRegistryError(error)) return recorded;
      throw error;
    }
  },

  async delete(_id, recorded) {
    try {
      await unmarkVersion(recorded);
    } catch (error) {
      if (!isRegistryError(error)) throw error;
      process.stderr.write(
        `alias "${recorded.alias}" of ${recorded.model} was left in the registry: ${error.message}\n`,
      );
    }
  },
} satisfies ResourceType<StageAliasInputs>;
