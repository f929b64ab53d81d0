import { readFile } from "node:fs/promises";
import type { Credentials } from "./http";

/** Where the password of an environment's own registry is kept. The password itself is in no settings and no state. */
export type CredentialSource =
  /** Absolute path of a file that only its owner can read. */
  | { readonly passwordFile: string }
  /** Name of a Secret in the registry's namespace. */
  | { readonly secretName: string };

/** User name that an environment's own registry knows: there is one, with every right. */
export const registryUser = "tollgate";

/** The password of a file, or nothing while there is no such file: its registry isn't made yet, or doesn't want one yet. */
export async function credentialsInFile(passwordFile: string): Promise<Credentials> {
  const password = await readFile(passwordFile, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "";
    throw new Error(
      `the registry's password can't be read from ${passwordFile} (${error.code}): run this as the user who ran \`up\``,
    );
  });
  return password.trim() ? { username: registryUser, password: password.trim() } : {};
}
