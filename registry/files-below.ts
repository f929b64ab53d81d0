import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { RegistryError } from "./errors";

/** Paths of all plain files below a folder, relative, with `/`. Throws a `refused` error on anything else. */
export async function filesBelow(folder: string, prefix = ""): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(join(folder, prefix), { withFileTypes: true })) {
    const path = prefix ? `${prefix}/${entry.name}` : entry.name;
    if (entry.isDirectory()) {
      found.push(...(await filesBelow(folder, path)));
    } else if (entry.isFile()) {
      found.push(path);
    } else {
      throw new RegistryError(
        "refused",
        `${path} in ${folder} is a link or a special file; a model version holds plain files only.`,
      );
    }
  }
  return found;
}
