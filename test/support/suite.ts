import type { Step } from "../cluster/own-node";

/** A suite that needs something started for it: how its parts are told, and how Ctrl-C ends it. */
export interface Suite {
  /** Does a part of the work, says which, and notes how long it took. */
  readonly step: Step;
  /** Is aborted by Ctrl-C: what runs is to be ended, and what was started is to be taken down. */
  readonly interrupted: AbortSignal;
}

/**
 * Runs a suite as the whole process: says at the end how long each part took, and ends with its status.
 *
 * @param ending what follows an interruption, as the end of a sentence
 * @param main gets the files of the command line, and gives the exit code
 */
export function runSuite(
  ending: string,
  main: (files: readonly string[], suite: Suite) => Promise<number>,
): void {
  const interrupted = new AbortController();
  const times: string[] = [];
  const step: Step = async (what, work) => {
    console.log(`\n-- ${what}`);
    const began = Date.now();
    try {
      return await work();
    } finally {
      times.push(`${what} ${Math.round((Date.now() - began) / 1000)} s`);
    }
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      if (interrupted.signal.aborted) return;
      console.error(`\nEnding what runs, then ${ending}: please wait.`);
      interrupted.abort();
    });
  }
  void main(process.argv.slice(2), { step, interrupted: interrupted.signal })
    .catch((error: Error) => {
      console.error(error.message);
      return 1;
    })
    .then((status) => {
      if (times.length > 0) console.log(`\n${times.join(", ")}`);
      process.exitCode = interrupted.signal.aborted ? 130 : status;
    });
}
