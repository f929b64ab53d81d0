import { createHash } from "node:crypto";
import { names } from "../names";
import { backupContainer, backupVolumes } from "./backup";
import type { ClusterSettings } from "../../../config/settings";
import type { Manifest } from "./manifest";
import { ownsDatabase } from "./owned";
import { labelsOf, metadataOf } from "./metadata";
import { containerSecurity, podBasics, resourcesOf, scratch } from "./pods";
import { backendEnvironment } from "./tracking-server-environment";

/** Label of the pods that bring the schema forward, and prefix of their Jobs. */
export const migrationName = "tracking-server-migrate";

/** Longest that one migration may take, in seconds. */
const deadlineSeconds = 1800;

/**
 * The Job that brings the database's schema to what this image's MLflow wants, forward only, after a dump of a database
 * of our own. Null where the database is a file: the server's own pod does it then, because a volume has one pod at a
 * time.
 */
export function migrationManifest(settings: ClusterSettings): Manifest | null {
  if (settings.database.kind === "sqlite") return null;
  const labels = labelsOf(settings, migrationName);
  const spec = specOf(settings, labels);
  // A Job can't be changed, so it is named by all that it is: another image or database is another Job.
  const hash = createHash("sha256").update(JSON.stringify(spec)).digest("hex").slice(0, 8);
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: metadataOf(settings, `${migrationName}-${hash}`, migrationName),
    spec,
  };
}

function specOf(settings: ClusterSettings, labels: Record<string, string>) {
  const { postgres } = settings.kubernetes.images;
  const backsUp = ownsDatabase(settings) && postgres !== null;
  return {
    backoffLimit: 2,
    activeDeadlineSeconds: deadlineSeconds,
    template: {
      metadata: { labels },
      spec: {
        ...podBasics(settings, names.trackingServer),
        restartPolicy: "Never",
        ...(backsUp && {
          initContainers: [backupContainer(settings, postgres, "before-migration")],
        }),
        containers: [migrateContainer(settings)],
        volumes: backsUp ? backupVolumes : [scratch.volume],
      },
    },
  };
}

/** Brings the schema forward and ends. */
export function migrateContainer(settings: ClusterSettings) {
  const { images, resources } = settings.kubernetes;
  return {
    name: "migrate",
    image: images.tollgate,
    imagePullPolicy: "IfNotPresent",
    command: ["python", "-m", "tollgate_serving.cluster.migrate"],
    env: backendEnvironment(settings),
    resources: resourcesOf(settings, resources.trackingServer),
    securityContext: containerSecurity,
    volumeMounts: [scratch.mount],
  };
}
