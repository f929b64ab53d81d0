import { names, ports } from "../names";
import { scripts } from "./database-scripts";
import type { ClusterSettings } from "../../../config/settings";
import type { Manifest } from "./manifest";
import { labelsOf, metadataOf } from "./metadata";
import { containerSecurity, fromSecret, podBasics, resourcesOf, scratch } from "./pods";

/** CronJob, volume and pods of the backups. */
export const backupName = "database-backup";

/** Every night at 02:17 UTC: not on the hour, when everybody's Jobs start. */
const schedule = "17 2 * * *";

/** A dump of the database every night, on a volume of its own. */
export function backupManifest(settings: ClusterSettings, image: string): Manifest {
  const labels = labelsOf(settings, backupName);
  return {
    apiVersion: "batch/v1",
    kind: "CronJob",
    metadata: metadataOf(settings, backupName),
    spec: {
      schedule,
      timeZone: "Etc/UTC",
      concurrencyPolicy: "Forbid",
      startingDeadlineSeconds: 3600,
      successfulJobsHistoryLimit: 1,
      failedJobsHistoryLimit: 3,
      jobTemplate: {
        spec: {
          backoffLimit: 2,
          activeDeadlineSeconds: 3600,
          template: {
            metadata: { labels },
            spec: {
              ...podBasics(settings, names.database),
              restartPolicy: "Never",
              containers: [backupContainer(settings, image, "nightly")],
              volumes: backupVolumes,
            },
          },
        },
      },
    },
  };
}

/** Makes one dump and ends. Wants `backupVolumes` in its pod. */
export function backupContainer(
  settings: ClusterSettings,
  image: string,
  kind: "nightly" | "before-migration",
) {
  return {
    name: "backup",
    image,
    imagePullPolicy: "IfNotPresent",
    command: ["sh", "/scripts/backup.sh", kind],
    env: [
      { name: "HOME", value: "/tmp" },
      { name: "PGHOST", value: names.database },
      { name: "PGPORT", value: String(ports.database) },
      { name: "PGUSER", value: "mlflow" },
      { name: "PGDATABASE", value: "mlflow" },
      { name: "PGCONNECT_TIMEOUT", value: "10" },
      fromSecret("PGPASSWORD", names.database, "password"),
    ],
    resources: resourcesOf(settings, settings.kubernetes.resources.database),
    securityContext: containerSecurity,
    volumeMounts: [{ name: "backup", mountPath: "/backup" }, ...scripts.mounts, scratch.mount],
  };
}

export const backupVolumes = [
  { name: "backup", persistentVolumeClaim: { claimName: backupName } },
  scripts.volume,
  scratch.volume,
];
