/**
 * Who keeps a thing that an environment needs. `own`: this stack makes it and its runtime runs it. `external`: somebody
 * else keeps it, and the settings name it.
 */
export type Keeper = "own" | "external";
