import { connectCluster } from "../../../cluster/connect";
import type { Part } from "../../../toolchain/doctor-part";
import { engineHome } from "../../../toolchain/engine/environment";
import { diagnoseCluster } from "../doctor";
import type { ClusterSettings } from "../../../config/settings";

/** The parts that a stack in a cluster needs beside those of this machine. */
export function diagnose(settings: ClusterSettings, fix: string): Promise<Part[]> {
  return diagnoseCluster(settings, {
    connect: () => connectCluster(settings.kubernetes.cluster),
    environment: { ...process.env, PULUMI_HOME: engineHome() },
    fix,
  });
}
