import { names, ports } from "../names";
import type { ClusterSettings } from "../../../config/settings";
import type { Fingerprints, Manifest } from "./manifest";
import { migrateContainer, migrationManifest } from "./migration";
import { metadataOf } from "./metadata";
import { containerSecurity, resourcesOf, scratch, serverPods } from "./pods";
import { sumOfBytes } from "./quantity";
import { passwordOfServer } from "./registry-credentials";
import { serviceOf } from "./service";
import {
  artifactsDestination,
  dataFolder,
  keepsFiles,
  serverEnvironment,
} from "./tracking-server-environment";
import { volumeClaim } from "./volume";

/** The objects of the MLflow server, by when they are needed. */
export interface TrackingServerSteps {
  /** What the server needs: its volume, where it has one. */
  readonly before: readonly Manifest[];
  /** Brings the schema forward; done before the server starts. */
  readonly migration: readonly Manifest[];
  readonly server: readonly Manifest[];
  /** Once the server is ready: a registry whose Service is there has been up. */
  readonly service: readonly Manifest[];
}

/** The MLflow server. Nothing where the registry is kept elsewhere. */
export function trackingServerSteps(
  settings: ClusterSettings,
  fingerprints: Fingerprints,
): TrackingServerSteps {
  if (!settings.trackingServer.managed) {
    return { before: [], migration: [], server: [], service: [] };
  }
  const name = names.trackingServer;
  const migration = migrationManifest(settings);
  const { port } = settings.trackingServer;
  return {
    before: keepsFiles(settings) ? [volumeClaim(settings, name, volumeSize(settings))] : [],
    migration: migration ? [migration] : [],
    server: [deployment(settings, fingerprints)],
    service: [serviceOf(settings, name, { port, targetPort: ports.trackingServer })],
  };
}

/** The same in one list, in the order of applying. */
export function trackingServerManifests(
  settings: ClusterSettings,
  fingerprints: Fingerprints,
): Manifest[] {
  const { before, migration, server, service } = trackingServerSteps(settings, fingerprints);
  return [...before, ...migration, ...server, ...service];
}

function deployment(settings: ClusterSettings, fingerprints: Fingerprints): Manifest {
  const name = names.trackingServer;
  const volume = { name: "data", persistentVolumeClaim: { claimName: name } };
  const { volumes } = passwordOfServer(settings);
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: metadataOf(settings, name),
    spec: {
      replicas: 1,
      revisionHistoryLimit: 3,
      strategy: keepsFiles(settings)
        ? { type: "Recreate" }
        : { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
      ...serverPods(settings, name, fingerprints, {
        terminationGracePeriodSeconds: 30,
        ...(settings.database.kind === "sqlite" && {
          initContainers: [withData(migrateContainer(settings))],
        }),
        containers: [keepsFiles(settings) ? withData(container(settings)) : container(settings)],
        volumes: [...(keepsFiles(settings) ? [volume] : []), scratch.volume, ...volumes],
      }),
    },
  };
}

function container(settings: ClusterSettings) {
  const { images, resources } = settings.kubernetes;
  const password = passwordOfServer(settings);
  const answers = { httpGet: { path: "/health", port: "http" }, timeoutSeconds: 5 };
  return {
    name: "server",
    image: images.tollgate,
    imagePullPolicy: "IfNotPresent",
    command: ["python", "-m", "tollgate_serving.cluster.tracking_server"],
    args: [
      "--host",
      "0.0.0.0",
      "--port",
      String(ports.trackingServer),
      "--artifacts",
      artifactsDestination(settings),
      ...password.args,
    ],
    env: serverEnvironment(settings),
    ports: [{ name: "http", containerPort: ports.trackingServer }],
    // MLflow takes 5 to 15 s on a core of its own, and a minute on a tenth of one.
    startupProbe: { ...answers, periodSeconds: 2, failureThreshold: 120 },
    readinessProbe: { ...answers, periodSeconds: 5 },
    livenessProbe: { ...answers, periodSeconds: 20, failureThreshold: 5 },
    // Endpoints take it out meanwhile; it stops to listen as soon as it is told.
    lifecycle: { preStop: { exec: { command: ["sleep", "5"] } } },
    resources: resourcesOf(settings, resources.trackingServer),
    securityContext: containerSecurity,
    volumeMounts: [scratch.mount, ...password.mounts],
  };
}

function withData<C extends { volumeMounts: object[] }>(container: C) {
  const mount = { name: "data", mountPath: dataFolder };
  return { ...container, volumeMounts: [mount, ...container.volumeMounts] };
}

/** For the database's file, the artifacts, or both. */
function volumeSize({ database, artifactStore }: ClusterSettings): string {
  return sumOfBytes([
    [database.kind === "sqlite" ? 1 : 0, database.size],
    [artifactStore.kind === "folder" ? 1 : 0, artifactStore.size],
  ]);
}
