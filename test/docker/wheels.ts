import { createHash } from "node:crypto";
import fs from "node:fs/promises";
import path from "node:path";
import { installOnce } from "../../toolchain/install";
import { run } from "../../toolchain/processes";
import type { Progress } from "../../toolchain/progress";
import { findInterpreter } from "../../toolchain/python";
import { ensureUv } from "../../toolchain/uv";

const serving = path.join(__dirname, "..", "..", "serving");

/** A folder with the wheel of every package that serving/Dockerfile installs, made once for each lock. */
export async function wheels(cache: string, progress: Progress): Promise<string> {
  const { command: python } = await findInterpreter();
  const script = path.join(serving, "image_requirements.py");
  const lock = await run(python, [script, "requirements.lock"], { cwd: serving });
  const key = createHash("sha256").update(lock).digest("hex").slice(0, 16);
  const target = path.join(cache, "wheels", key);
  await fs.mkdir(path.dirname(target), { recursive: true });
  await installOnce({
    what: "wheels of the image",
    target,
    progress,
    make: async (folder) => {
      progress("Downloading the wheels of the image");
      const pip = path.join(folder, "pip");
      await installPip(pip, progress);
      const file = path.join(folder, "image.lock");
      await fs.writeFile(file, lock);
      const what = ["--no-deps", "--require-hashes", "--only-binary", ":all:"];
      // Of the base image's Python, whichever runs here.
      const which = [
        "--python-version",
        "3.11",
        ...platforms().flatMap((each) => ["--platform", each]),
      ];
      const words = ["download", "--quiet", ...what, ...which, "--dest", folder, "-r", file];
      await run(python, ["-m", "pip", ...words], { env: { ...process.env, PYTHONPATH: pip } });
      await fs.rm(pip, { recursive: true });
      return {};
    },
  });
  return target;
}

/** Puts pip into a folder, without the machine having one. */
export async function installPip(folder: string, progress: Progress): Promise<void> {
  const { command: python } = await findInterpreter();
  const uv = await ensureUv(python, progress);
  await run(uv, ["pip", "install", "--quiet", "--python", python, "--target", folder, "pip==25.2"]);
}

/** Tags of wheels that Debian 12 takes. */
function platforms(): string[] {
  const machine = process.arch === "arm64" ? "aarch64" : "x86_64";
  const numbers = [17, ...[24, 26, 27, 28, 31, 34, 35, 36].map(String)];
  return [
    ...numbers.map((minor) => `manylinux_2_${minor}_${machine}`),
    `manylinux2014_${machine}`,
    `linux_${machine}`,
  ];
}
