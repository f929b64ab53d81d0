import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { ClusterProject } from "../../support/cluster-project";

/** A small disk under a claim of the test's own cluster, whose volumes are folders of this machine. */
export interface SmallVolume {
  /** Leaves no byte free. */
  fill(): void;
  empty(): void;
  /** Takes the disk away, with what is on it: the pod that has it is about to be taken away as well. */
  discard(): void;
}

/**
 * Puts a disk of 64 MB under the claim of a StatefulSet that has the same name, with what the claim holds.
 *
 * @returns null when the cluster was given, and its volumes aren't ours
 */
export async function smallVolume(
  { kubectl }: ClusterProject,
  stack: string,
  kubeconfig: string,
  name: string,
): Promise<SmallVolume | null> {
  const claim = ["get", "persistentvolumeclaim", name, "--output", "jsonpath={.spec.volumeName}"];
  const folder = path.join(path.dirname(kubeconfig), "volumes", await kubectl(stack, ...claim));
  if (!existsSync(folder)) return null;
  const filler = path.join(folder, "filler");
  // The disk is changed while no pod has it.
  const pod = ["--selector", `app.kubernetes.io/name=${name}`, "--ignore-not-found"];
  await kubectl(stack, "scale", "statefulset", name, "--replicas=0");
  await kubectl(stack, "delete", "pod", ...pod, "--grace-period=2", "--timeout=120s");
  const moved = mkdtempSync(path.join(tmpdir(), "tollgate-volume-"));
  const copy = (from: string, to: string) => execFileSync("cp", ["-a", `${from}/.`, to]);
  copy(folder, moved);
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=64m", "tollgate-test", folder]);
  copy(moved, folder);
  rmSync(moved, { recursive: true });
  await kubectl(stack, "scale", "statefulset", name, "--replicas=1");
  await kubectl(stack, "rollout", "status", `statefulset/${name}`, "--timeout=120s");
  return {
    fill() {
      for (let size = 1 << 20; size >= 1; size >>= 1) {
        try {
          for (;;) writeFileSync(filler, Buffer.alloc(size), { flag: "a" });
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
        }
      }
    },
    empty: () => rmSync(filler),
    // A pod that still runs keeps it until its end.
    discard: () => execFileSync("umount", ["--lazy", folder]),
  };
}
