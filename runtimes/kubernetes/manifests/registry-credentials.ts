import type { ClusterSettings } from "../../../config/settings";

/** Folder in the server's container with the one file that it reads. */
const folder = "/registry-credentials";
const file = "password";

/** Name of the Secret with what clients of the stack's own registry send; null where it wants nothing. */
export function registrySecretName({
  trackingServer: { managed, credentials },
}: ClusterSettings): string | null {
  return managed && credentials && "secretName" in credentials ? credentials.secretName : null;
}

/** How the server gets its password: as a file, so that it is in no environment that `kubectl describe` or a dump shows. */
export function passwordOfServer(settings: ClusterSettings) {
  const secretName = registrySecretName(settings);
  if (secretName === null) return { args: [], volumes: [], mounts: [] };
  const items = [{ key: "MLFLOW_TRACKING_PASSWORD", path: file }];
  return {
    args: ["--password-file", `${folder}/${file}`],
    volumes: [{ name: "registry-credentials", secret: { secretName, items, defaultMode: 0o440 } }],
    mounts: [{ name: "registry-credentials", mountPath: folder, readOnly: true }],
  };
}
