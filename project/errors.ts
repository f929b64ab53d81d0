/** What a user wrote in a project folder can't be used. The message is for the user as it stands. */
export class SettingsError extends Error {
  override readonly name = "SettingsError";

  /** @param problems one line each, such as `tollgate:scorer.port: got 70000, expected a number of at most 65535` */
  constructor(
    message: string,
    readonly problems: readonly string[] = [message],
  ) {
    super(message);
  }

  /** All that is wrong in one place: a heading, and under it a line for each problem. */
  static of(where: string, problems: readonly string[]): SettingsError {
    const what = problems.length === 1 ? "a wrong setting" : `${problems.length} wrong settings`;
    const lines = problems.map((problem) => `  ${problem}`);
    return new SettingsError([`${where} has ${what}:`, ...lines].join("\n"), problems);
  }
}
