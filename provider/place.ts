import { partingOf, partingSentence } from "../processes/place";
import type { CheckFailure } from "./resource-type";

/**
 * Refuses inputs for another folder than the recorded one, as long as that has servers or data: the engine would replace
 * what runs by something empty.
 *
 * @param recorded state folder of the recorded inputs; undefined: there are none
 */
export function placeFailures(recorded: string | undefined, wanted: string): CheckFailure[] {
  const parting = recorded === undefined ? null : partingOf(recorded, wanted);
  if (!parting) return [];
  // Where the state is kept isn't known here: a state that is shared may not be thrown away.
  return [{ property: "", reason: partingSentence(parting, wanted, false) }];
}
