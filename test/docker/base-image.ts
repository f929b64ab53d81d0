import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { run, RunError } from "../../toolchain/processes";
import type { Progress } from "../../toolchain/progress";
import { debianLayer } from "../cluster/images/layers";
import { clusterCache } from "../cluster/own-node";
import { installPip } from "./wheels";

/** Puts Debian with Python and pip on the daemon, where that isn't there yet, and gives its name. */
export async function baseImage(host: string, programs: string, progress: Progress) {
  const docker = (args: readonly string[]) =>
    run(path.join(programs, "docker"), args, {
      env: { ...process.env, DOCKER_HOST: host, DOCKER_BUILDKIT: "1" },
    });
  const { file, digest } = await debianLayer(path.join(clusterCache(), "images"), progress);
  const debian = `tollgate.local/debian:${digest.slice("sha256:".length, "sha256:".length + 12)}`;
  const name = debian.replace("/debian:", "/debian-pip:");
  const has = async (image: string) =>
    docker(["image", "inspect", image]).then(
      () => true,
      (error: unknown) => {
        if (error instanceof RunError) return false;
        throw error;
      },
    );
  if (await has(name)) return name;
  progress("Loading the base image");
  await docker(["import", file, debian]);
  const folder = await fs.mkdtemp(path.join(os.tmpdir(), "tollgate-base-"));
  try {
    await installPip(path.join(folder, "pip"), progress);
    const lines = [`FROM ${debian}`, "COPY pip /usr/local/lib/python3.11/dist-packages"];
    await fs.writeFile(path.join(folder, "Dockerfile"), `${lines.join("\n")}\n`);
    await docker(["build", "--quiet", "--tag", name, folder]);
  } finally {
    await fs.rm(folder, { recursive: true });
  }
  return name;
}
