import { execFileSync, type ExecFileSyncOptions } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { cacheDir } from "../../toolchain/cache";
import { ensureUv } from "../../toolchain/uv";

/**
 * A program of a Python package at one version, in an environment of its own below the cache.
 *
 * @param name of the package
 * @param program what it installs. @default the package's name
 * @returns the program's path
 */
export async function pythonTool(name: string, version: string, program = name): Promise<string> {
  const folder = path.join(cacheDir(), name, version);
  const binary = path.join(folder, "bin", program);
  if (!fs.existsSync(binary)) {
    const uv = await ensureUv("python3", () => undefined);
    const quietly: ExecFileSyncOptions = { stdio: ["ignore", "ignore", "inherit"] };
    execFileSync(uv, ["venv", "--quiet", "--clear", "--python", "python3", folder], quietly);
    const python = path.join(folder, "bin", "python");
    const words = ["pip", "install", "--quiet", "--python", python, `${name}==${version}`];
    execFileSync(uv, words, quietly);
  }
  return binary;
}
