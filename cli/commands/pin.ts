import { stackFile } from "../../project/stack-files";
import { usageError } from "../errors";
import { commitLines } from "../git";
import { nameOfPin } from "../../history/pin-name";
import { digestOf, readyVersion, registryOf } from "../registry/registry";
import type { Run } from "../verb";

/** `tollgate pin`: writes the one line whose change is the promotion. */
export const run: Run = async (context, options, [asked]) => {
  const { removePin, setPin } = await import("../../config/stack-file");
  const settings = await context.settings();
  const { projectDir, stack, pin: old } = settings;
  if (options.none) {
    if (asked !== undefined) throw usageError("Give a version or --none, not both.");
    removePin(projectDir, stack);
    return {
      document: { stack, from: old, to: null },
      text: old ? `${stack} no longer pins ${nameOfPin(old)}.` : `${stack} pins nothing.`,
    };
  }
  const client = await registryOf(settings);
  const version = await readyVersion(client, settings, asked);
  const pin = {
    name: settings.model,
    version: version.version,
    digest: await digestOf(client, version),
  };
  setPin(projectDir, stack, pin);
  return {
    document: { stack, from: old, to: pin },
    text: [
      `${stack}: ${old ? nameOfPin(old) : "nothing"} -> ${nameOfPin(pin)}`,
      `Next: tollgate preview --stack ${stack}, then tollgate up --stack ${stack}`,
      ...commitLines(settings, stackFile(projectDir, stack), pin.version),
    ].join("\n"),
  };
};
