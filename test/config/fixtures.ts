import fs from "node:fs";
import os from "node:os";
import path from "node:path";

/** A project folder of its own for one test, removed afterwards. */
export function withProject<T>(
  files: Readonly<Record<string, string>>,
  use: (dir: string) => T,
): T {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), "tollgate-config-"));
  const remove = () => fs.rmSync(dir, { recursive: true, force: true });
  let result: T;
  try {
    for (const [file, content] of Object.entries(files)) {
      fs.mkdirSync(path.dirname(path.join(dir, file)), { recursive: true });
      fs.writeFileSync(path.join(dir, file), content);
    }
    result = use(dir);
  } catch (error) {
    remove();
    throw error;
  }
  if (result instanceof Promise) return result.finally(remove) as T;
  remove();
  return result;
}

export const digest = `sha256:${"a".repeat(64)}`;
