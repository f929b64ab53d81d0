import type { GateLevel } from "./gate";

/** From the strictest on. */
export const levels: readonly GateLevel[] = ["mandatory", "advisory", "disabled"];

/** The stricter of two levels. */
export function stricter(a: GateLevel, b: GateLevel): GateLevel {
  return levels.indexOf(a) <= levels.indexOf(b) ? a : b;
}
