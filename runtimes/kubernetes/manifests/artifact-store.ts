import { names, ports } from "../names";
import type { ClusterSettings } from "../../../config/settings";
import type { Fingerprints, Manifest } from "./manifest";
import { ownsStore } from "./owned";
import { containerSecurity, resourcesOf, scratch } from "./pods";
import { serviceOf } from "./service";
import { statefulSet } from "./stateful-set";
import { volumeClaim } from "./volume";

/**
 * An S3 store over one volume (SeaweedFS), with the keys of its Secret. Nothing where bytes go to a folder, or to a
 * store that is kept elsewhere.
 */
export function artifactStoreManifests(
  settings: ClusterSettings,
  fingerprints: Fingerprints,
): Manifest[] {
  const image = settings.kubernetes.images.seaweedfs;
  if (!ownsStore(settings) || image === null) return [];
  const name = names.artifactStore;
  const port = ports.artifactStore;
  return [
    volumeClaim(settings, name, settings.artifactStore.size),
    serviceOf(settings, name, { port, targetPort: port }),
    statefulSet(settings, fingerprints, {
      name,
      container: container(settings, image),
      key: "s3.json",
      graceSeconds: 30,
    }),
  ];
}

function container(settings: ClusterSettings, image: string) {
  const answers = { httpGet: { path: "/healthz", port: "s3" } };
  return {
    name: "seaweedfs",
    image,
    imagePullPolicy: "IfNotPresent",
    command: ["weed"],
    args: ["-logtostderr=true", "server", ...options()],
    env: [{ name: "HOME", value: "/tmp" }],
    ports: [{ name: "s3", containerPort: ports.artifactStore }],
    startupProbe: { ...answers, periodSeconds: 2, failureThreshold: 60 },
    readinessProbe: { ...answers, periodSeconds: 5, timeoutSeconds: 3 },
    livenessProbe: { ...answers, periodSeconds: 20, timeoutSeconds: 5, failureThreshold: 5 },
    resources: resourcesOf(settings, settings.kubernetes.resources.artifactStore),
    securityContext: containerSecurity,
    volumeMounts: [
      // A folder of its own: a new disk has another in it, for lost files.
      { name: "data", mountPath: "/data" },
      { name: "keys", mountPath: "/keys", readOnly: true },
      scratch.mount,
    ],
  };
}

/** Only S3, which asks for keys, listens beyond the pod. */
function options(): string[] {
  const given = {
    dir: "/data",
    ip: "127.0.0.1",
    "ip.bind": "127.0.0.1",
    // One master: nothing to elect, and no state to resume.
    "master.peers": "none",
    "master.resumeState": "false",
    "master.telemetry": "false",
    // Small volumes, made as they are needed, so that a nearly full disk still has room for some.
    "master.volumeSizeLimitMB": "1024",
    "volume.max": "200",
    "volume.preStopSeconds": "0",
    "filer.disableHttp": "true",
    "filer.localSocket": "",
    "s3.ip.bind": "0.0.0.0",
    "s3.port": String(ports.artifactStore),
    "s3.port.iceberg": "0",
    "s3.port.lance": "0",
    "s3.localSocket": "",
    "s3.config": "/keys/s3.json",
    "s3.autoCreateBucket": "false",
  };
  return ["-filer", "-s3", ...Object.entries(given).map(([name, value]) => `-${name}=${value}`)];
}
