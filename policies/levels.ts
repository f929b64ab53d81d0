import type { GateLevel, LevelColumn } from "./gate";

/** From the strictest on. */
export const levels: readonly GateLevel[] = ["mandatory", "advisory", "disabled"];

/** Level of most gates. */
export const usualLevels: LevelColumn = {
  dev: "advisory",
  staging: "mandatory",
  prod: "mandatory",
};

/** Of gates that want keys or a reviewed branch, which a project gets last. */
export const levelsOfSigned: LevelColumn = {
  dev: "advisory",
  staging: "advisory",
  prod: "mandatory",
};

/** The stricter of two levels. */
export function stricter(a: GateLevel, b: GateLevel): GateLevel {
  return levels.indexOf(a) <= levels.indexOf(b) ? a : b;
}
