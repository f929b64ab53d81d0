import { engineFor } from "../engine/run";
import { plainClient, quoted } from "../registry/environment";
import type { Run } from "../verb";

/**
 * `tollgate env`: what differs from the caller's environment, for `eval`. Holds paths, never a secret: a password is read
 * from its file by the shell that evaluates this.
 */
export const run: Run = async (context) => {
  const { environment } = await engineFor(context);
  const client = context.knowsStack ? plainClient(await context.settings()) : null;
  const changed = Object.entries({ ...environment, ...client?.variables }).filter(
    ([name, value]) => value !== undefined && process.env[name] !== value,
  ) as [string, string][];
  return {
    document: { ...Object.fromEntries(changed), ...client?.files },
    text: [
      ...changed.map(([name, value]) => `export ${name}=${quoted(value)}`),
      ...(client?.lines ?? []),
    ].join("\n"),
    verbatim: true,
  };
};
