import { OperationError } from "../runtimes/errors";

/** Exit codes of every verb. */
export const exitCodes = {
  done: 0,
  error: 1,
  /** A gate refused. */
  refused: 2,
  /** The command line was wrong. */
  usage: 64,
  /** Ctrl-C, as shells count it. */
  interrupted: 130,
} as const;

/** A failure the user can act on: one sentence with what, which value and what to do. */
export class CliError extends OperationError {
  override readonly name = "CliError";

  /**
   * @param code stable and machine-readable, kebab-case: the `error.code` of `--json`
   * @param exitCode @default 1
   */
  constructor(
    code: string,
    message: string,
    readonly exitCode: number = exitCodes.error,
  ) {
    super(code, message);
  }
}

/** The command line was wrong: exit code 64. */
export function usageError(message: string): CliError {
  return new CliError("usage", message, exitCodes.usage);
}

/** What the user is told about a failure. */
export interface ErrorReport {
  code: string;
  message: string;
  exitCode: number;
}

const systemFailures: Record<string, (path: string) => string> = {
  ENOSPC: (path) =>
    `The disk is full, so ${path} can't be written: free some space and run this again.`,
  EDQUOT: (path) =>
    `Your disk quota is used up, so ${path} can't be written: free some space and run this again.`,
  EROFS: (path) =>
    `${path} is on a read-only file system: choose a project folder that can be written.`,
  EACCES: (path) =>
    `Permission denied for ${path}: run this as the user who owns it, or change its owner.`,
  EPERM: (path) =>
    `Permission denied for ${path}: run this as the user who owns it, or change its owner.`,
  EMFILE: () =>
    "Too many files are open: raise the limit with `ulimit -n 4096` and run this again.",
};

/** Errors of our own parts say their sentence themselves; their class name becomes the code. */
function codeOfClass(error: Error): string {
  const kind = (error as { kind?: unknown }).kind;
  const name = error.name.replace(/Error$/, "").replace(/([a-z])([A-Z])/g, "$1-$2");
  const base = name.toLowerCase() || "error";
  return typeof kind === "string" ? `${base}-${kind}` : base;
}

/** Turns anything thrown into one sentence, a code and an exit code. */
export function reportOf(error: unknown): ErrorReport {
  if (error instanceof CliError) {
    return { code: error.code, message: error.message, exitCode: error.exitCode };
  }
  if (error instanceof OperationError) {
    const { code, message } = error;
    return { code, message, exitCode: code === "usage" ? exitCodes.usage : exitCodes.error };
  }
  if (!(error instanceof Error)) {
    return { code: "error", message: String(error), exitCode: exitCodes.error };
  }
  const { code, path } = error as NodeJS.ErrnoException;
  const sentence = code === undefined ? undefined : systemFailures[code];
  if (sentence && code) {
    return {
      code: code.toLowerCase(),
      message: sentence(path ?? "a file"),
      exitCode: exitCodes.error,
    };
  }
  return { code: codeOfClass(error), message: error.message, exitCode: exitCodes.error };
}
