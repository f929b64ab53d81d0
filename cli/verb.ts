import type { Context } from "./context";
import type { Outcome } from "./terminal/output";

/** Options as commander gives them: by camel-case name. */
export type Options = Readonly<Record<string, unknown>>;

/** What `commands/<verb>.ts` exports as `run`. */
export type Run = (context: Context, options: Options, operands: string[]) => Promise<Outcome>;

/** Flags as commander writes them, what they do, and whether they may be given several times. */
export type Option = readonly [flags: string, description: string, repeatable?: "repeatable"];

/** One verb of the command line. */
export interface Verb {
  name: string;
  /** Operands as commander writes them, such as `[version]`. */
  operands?: string;
  /** One sentence. */
  summary: string;
  options: readonly Option[];
  examples: readonly string[];
  /** Does it need a project folder? @default true */
  needsProject?: boolean;
  /** Hands everything after the name through, without reading it. @default false */
  passThrough?: boolean;
  /** Loaded only when it is run, so that a command loads only what it uses. */
  load(): Promise<{ run: Run }>;
}
