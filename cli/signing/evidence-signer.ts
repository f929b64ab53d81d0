import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Settings } from "../../config/settings";
import { pythonFor } from "../registry/python";
import { signingFailed } from "./signing";

/** A process that holds a key and signs one document with it. It never sees a model's bytes. */
export interface EvidenceSigner {
  /** The DSSE envelope over an evidence document's bytes. */
  sign(document: Buffer): Promise<string>;
  /** Ends it; does nothing once it has signed. */
  end(): void;
}

/**
 * Starts the signer, which reads its key and asks for a passphrase at once: a key that can't be used is told before
 * anything takes long.
 *
 * @throws CliError when the key can't be used
 */
export async function startSigner(settings: Settings, keyFile: string): Promise<EvidenceSigner> {
  const { python, environment } = await pythonFor(settings);
  const child = spawn(python, ["-m", "tollgate_serving.signing", "evidence", "--key", keyFile], {
    cwd: settings.projectDir,
    env: environment,
    stdio: ["pipe", "pipe", "pipe"],
  });
  // It may have ended before it was given anything.
  child.stdin.on("error", () => {});
  let said = "";
  child.stderr.on("data", (data: Buffer) => (said += data.toString("utf8")));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const closed = once(child, "close").catch(() => []);
  const nextLine = async (): Promise<string> => {
    const { value, done } = await lines.next();
    if (!done) return value as string;
    await closed;
    throw signingFailed(said, `${python} was stopped.`);
  };
  await nextLine();
  return {
    sign: async (document) => {
      child.stdin.end(document);
      return nextLine();
    },
    end: () => void child.kill(),
  };
}
