import { names, ports } from "../names";
import { backupManifest, backupName } from "./backup";
import { databaseScripts, scripts } from "./database-scripts";
import type { ClusterSettings } from "../../../config/settings";
import type { Fingerprints, Manifest } from "./manifest";
import { ownsDatabase } from "./owned";
import { containerSecurity, resourcesOf, scratch } from "./pods";
import { shareOfBytes } from "./quantity";
import { serviceOf } from "./service";
import { statefulSet } from "./stateful-set";
import { volumeClaim } from "./volume";

/** PostgreSQL's own advice for `shared_buffers`: a quarter of the memory. */
const buffersShare = 0.25;

/**
 * PostgreSQL over one volume, and its backups. Nothing where the database is a file, or is kept elsewhere.
 */
export function databaseManifests(
  settings: ClusterSettings,
  fingerprints: Fingerprints,
): Manifest[] {
  const image = settings.kubernetes.images.postgres;
  if (!ownsDatabase(settings) || image === null) return [];
  const name = names.database;
  const { size } = settings.database;
  return [
    databaseScripts(settings),
    volumeClaim(settings, name, size),
    volumeClaim(settings, backupName, size),
    serviceOf(settings, name, { port: ports.database, targetPort: ports.database }),
    statefulSet(settings, fingerprints, {
      name,
      container: container(settings, image),
      key: "password",
      volumes: [scripts.volume],
      graceSeconds: 60,
    }),
    backupManifest(settings, image),
  ];
}

function container(settings: ClusterSettings, image: string) {
  const { database } = settings.kubernetes.resources;
  const answers = {
    exec: {
      command: [
        "sh",
        "-c",
        'PATH="$PATH:$(echo /usr/lib/postgresql/*/bin | tr " " :)" exec pg_isready --quiet --host=127.0.0.1 --username=mlflow --dbname=mlflow',
      ],
    },
    timeoutSeconds: 5,
  };
  return {
    name: "postgres",
    image,
    imagePullPolicy: "IfNotPresent",
    command: ["sh", "/scripts/start.sh"],
    env: [
      { name: "HOME", value: "/tmp" },
      { name: "SHARED_BUFFERS", value: `${shareOfBytes(database.memory, buffersShare)}MB` },
    ],
    ports: [{ name: "postgres", containerPort: ports.database }],
    // After a crash it may have a long log to replay; a restart in between would only start it anew.
    startupProbe: { ...answers, periodSeconds: 2, failureThreshold: 300 },
    readinessProbe: { ...answers, periodSeconds: 5 },
    livenessProbe: { ...answers, periodSeconds: 20, failureThreshold: 5 },
    // At SIGTERM it waits for its clients; at SIGINT it ends them and itself at once.
    lifecycle: { preStop: { exec: { command: ["sh", "-c", "kill -INT 1"] } } },
    resources: resourcesOf(settings, database),
    securityContext: containerSecurity,
    volumeMounts: [
      { name: "data", mountPath: "/data" },
      { name: "keys", mountPath: "/keys", readOnly: true },
      ...scripts.mounts,
      scratch.mount,
    ],
  };
}
