import { engineFor } from "../engine/run";
import type { Run } from "../verbs";

/** `tollgate env`: what differs from the caller's environment, for `eval`. Holds paths, never a secret. */
export const run: Run = async (context) => {
  const { environment } = await engineFor(context);
  const changed = Object.entries(environment).filter(
    ([name, value]) => value !== undefined && process.env[name] !== value,
  ) as [string, string][];
  return {
    document: Object.fromEntries(changed),
    text: changed
      .map(([name, value]) => `export ${name}='${value.replaceAll("'", `'\\''`)}'`)
      .join("\n"),
  };
};
