/** Whole seconds since a moment, never less than none: two clocks may differ. */
export function secondsSince(milliseconds: number, now: Date): number {
  return Math.max(0, Math.floor((now.getTime() - milliseconds) / 1000));
}

/** How long something has been there, as kubectl's users read it: `45 s`, `12 min`, `5 h`, `3 d`. */
export function age(seconds: number): string {
  const units: [string, number][] = [
    ["d", 86_400],
    ["h", 3600],
    ["min", 60],
  ];
  // Two of a unit at least: one day could be 24 hours or 47.
  const [unit, length] = units.find(([, each]) => seconds >= 2 * each) ?? ["s", 1];
  return `${Math.floor(seconds / length)} ${unit}`;
}
