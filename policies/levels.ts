/** What a gate's refusal does, from the strictest on. */
export const levels = ["mandatory", "advisory", "disabled"] as const;

export type GateLevel = (typeof levels)[number];

/** Which column of defaults an environment has. */
export type Tier = "dev" | "staging" | "prod";

/** By tier, the level of a gate that the stack's file gives none. */
export type LevelColumn = Readonly<Record<Tier, Exclude<GateLevel, "disabled">>>;

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
