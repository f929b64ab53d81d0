import { isDeepStrictEqual } from "node:util";
import { samePlace } from "../../processes/home";
import type { RouteInputs } from "../inputs";
import { placeFailures } from "../place";
import { isReleased, releasedVersion } from "../release/released";
import { readJournal } from "../release/journal";
import type { ResourceType } from "../resource-type";

/** Where the router sends traffic. The router's files are the truth, not what is recorded. */
export const routeType = {
  check(olds, news) {
    const failures = placeFailures(olds?.stateDir, news.stateDir);
    return Promise.resolve({ inputs: news, failures });
  },

  diff(_id, olds, news) {
    if (!samePlace(olds.stateDir, news.stateDir)) {
      return Promise.resolve({ changes: true, replaces: ["stateDir"] });
    }
    return Promise.resolve({ changes: !isDeepStrictEqual(olds, news) || isUnfinished(news) });
  },

  async create(inputs) {
    await ensureReleased(inputs);
    return { id: "route", outputs: inputs };
  },

  async update(_id, _olds, news) {
    await ensureReleased(news);
    return news;
  },

  read(_id, recorded) {
    const released = releasedVersion(recorded.stateDir);
    if (!released) return Promise.resolve(null);
    const { version, digest, scorers } = released;
    return Promise.resolve({ ...recorded, version, digest, scorers: [...scorers] });
  },

  async delete(_id, recorded) {
    const { closeRoute } = await import("../release/close");
    await closeRoute(recorded);
  },
} satisfies ResourceType<RouteInputs>;

/** The route was moved by hand, or a release was cut off before its receipt. */
function isUnfinished(inputs: RouteInputs): boolean {
  return readJournal(inputs.stateDir) !== null || !isReleased(inputs);
}

/** Another limit or length of the watch alone moves nothing. */
async function ensureReleased(inputs: RouteInputs): Promise<void> {
  if (!isUnfinished(inputs)) return;
  const { release } = await import("../release/release");
  await release(inputs);
}
