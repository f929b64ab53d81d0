import { imageVariable } from "../../support/cluster";

/** How versions go wrong, each an image of `scorer.py` that differs from the others in one variable. */
export const behaviours = [
  /** Ends with code 1 and a sentence instead of starting. */
  "exits",
  /** Answers 503 to `GET /ready` for ever. */
  "never_ready",
  /** Says that it is other bytes than the pinned ones. */
  "other_digest",
  /** Ends after 150 predictions, of which a release's checks use 110. */
  "crashes",
  /** Takes 60 ms for a prediction. */
  "slow",
  /** Answers every 33rd prediction with 500, from the start. */
  "failing",
  /** Does so only after 150 predictions. */
  "failing_later",
  /** Predicts NaN. */
  "nan",
  /** Answers well, and ends in the moment it is told to, with requests under way. */
  "ends_at_once",
] as const;

export type Behaviour = (typeof behaviours)[number];

/** The variable of an image that tells `scorer.py` its behaviour. */
export const behaviourVariable = "BAD_SCORER";

/** Name of a behaviour's image, without registry and digest. */
export function imageName(behaviour: Behaviour): string {
  return `bad_${behaviour}`;
}

/** A behaviour's image by digest, as `npm run test:cluster` loaded it. */
export function badScorer(behaviour: Behaviour): string {
  const name = imageVariable(imageName(behaviour));
  const image = process.env[name];
  if (!image) throw new Error(`${name} is not set: run the specs by \`npm run test:cluster\`.`);
  return image;
}
