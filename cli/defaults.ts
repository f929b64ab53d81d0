/** What an option is where the command line doesn't say it: for the verb and for its help. */
export const optionDefaults = {
  /** How long an approval counts (`approve --valid`). */
  approval: "7d",
  /** How long a waiver counts (`waive --for`). */
  waiver: "24h",
  /** How long a waiver of `--force` counts, in hours. */
  forcedHours: 24,
  /** How many versions `versions` lists. */
  versions: 10,
  /** How many lines `logs` shows. */
  lines: 50,
} as const;
