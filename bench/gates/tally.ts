/** Comparisons of one kind, and how the gate judged them. */
export interface Tally {
  readonly series: "itself" | "equal" | "worse";
  readonly data: "classes" | "numbers" | "prices";
  readonly metric: string;
  readonly rows: number;
  /** How much worse the candidate truly is, in the metric's own unit. */
  readonly loss: number;
  comparisons: number;
  /** Refused as worse. */
  worse: number;
  /** Refused because so few rows can't tell. */
  undecided: number;
}
