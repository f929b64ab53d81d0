/** Something that can be told to stop: a child process, or its whole group. */
export interface Stoppable {
  readonly pid?: number;
  kill(signal: NodeJS.Signals): boolean;
}

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Ctrl-C handling while a child runs. */
export interface Forwarding {
  /** How many times we were asked to stop. */
  readonly asked: number;
  /** Puts the usual handling back. */
  release(): void;
}

/**
 * Passes Ctrl-C and polite ends on to a child that leads a process group of its own (spawned `detached`, so that a
 * terminal's Ctrl-C reaches it through us alone): the first and the second as SIGINT, the third kills the whole group.
 *
 * @param told called with 1, 2, 3 at each request, to say what happens
 */
export function forwardSignals(child: Stoppable, told: (asked: number) => void): Forwarding {
  let asked = 0;
  const pass = () => {
    asked += 1;
    told(asked);
    if (child.pid === undefined) return;
    try {
      if (asked < 3) child.kill("SIGINT");
      else process.kill(-child.pid, "SIGKILL");
    } catch {
      // It has ended in this moment: what was asked for.
    }
  };
  for (const signal of signals) process.on(signal, pass);
  return {
    get asked() {
      return asked;
    },
    release() {
      for (const signal of signals) process.off(signal, pass);
    },
  };
}
