/** What the file system's refusals mean, and what to do. */
const refusals: Readonly<Record<string, string>> = {
  ENOSPC: "the disk is full; free some space and run this again",
  EDQUOT: "your disk quota is used up; free some space and run this again",
  EROFS: "the file system can only be read; make it writable and run this again",
};

/** Why something failed, in words: the file system's reason with what to do, any other error's own message. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const refusal = refusals[(error as NodeJS.ErrnoException).code ?? ""];
  return refusal ?? error.message;
}
