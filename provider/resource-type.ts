/** What `check` says against an input; the engine shows it at preview and stops there. */
export interface CheckFailure {
  /** Property path in the inputs. */
  readonly property: string;
  readonly reason: string;
}

export interface Difference {
  /** Is there anything to do? */
  readonly changes: boolean;
  /** Properties whose change means a new resource instead of an update. */
  readonly replaces?: readonly string[];
  /** With `replaces`: remove the old one before the new one is made. */
  readonly deleteBeforeReplace?: boolean;
}

/**
 * One resource type of the Tollgate provider: a file each.
 *
 * The doctrine: observe, ensure, return. What is recorded is a hint, the living system is the truth. `diff` looks
 * at the living system too, so that a dead process or a hand-moved alias is put right by the next `up`. `create`
 * adopts what an interrupted `up` left behind. `delete` succeeds on what is already gone.
 *
 * An error thrown here reaches the user as the resource's failure: one sentence, with what, which value and what to do.
 */
export interface ResourceType<Inputs extends object, Outputs extends Inputs = Inputs> {
  /** May rewrite inputs. `olds` are the recorded inputs, null on first creation; `stack` is the engine's, not the program's. */
  check?(
    olds: Inputs | null,
    news: Inputs,
    stack: string,
  ): Promise<{ inputs: Inputs; failures: readonly CheckFailure[] }>;
  diff(id: string, olds: Outputs, news: Inputs): Promise<Difference>;
  create(inputs: Inputs): Promise<{ id: string; outputs: Outputs }>;
  update?(id: string, olds: Outputs, news: Inputs): Promise<Outputs>;
  /** What is really there; null when it is gone. */
  read(id: string, recorded: Outputs): Promise<Outputs | null>;
  delete(id: string, recorded: Outputs): Promise<void>;
}
