import type { ClusterSettings, Resources } from "../../../config/settings";
import type { Fingerprints, Text } from "./manifest";
import { labelsOf, selectorOf } from "./metadata";

/** Number of the user that every container runs as: nobody on any distribution, and never root. */
export const user = 65532;

/** What Pod Security `restricted` asks of a pod. `fsGroup` lets it write to its volumes. */
export const podSecurity = {
  runAsNonRoot: true,
  runAsUser: user,
  runAsGroup: user,
  fsGroup: user,
  // Otherwise every start walks through every file of the volume.
  fsGroupChangePolicy: "OnRootMismatch",
  seccompProfile: { type: "RuntimeDefault" },
} as const;

/** What it asks of a container; what is written goes to mounted volumes. */
export const containerSecurity = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ["ALL"] },
} as const;

/** A container's `resources` as the environment's level wants them. */
export function resourcesOf(
  { kubernetes: { resourceLevel } }: ClusterSettings,
  { cpu, memory }: Resources,
): { requests?: Resources; limits?: Resources } {
  if (resourceLevel === "none") return {};
  const requests = { cpu, memory };
  return resourceLevel === "requests" ? { requests } : { requests, limits: { cpu, memory } };
}

/** Fields of a pod besides its containers and volumes that are the same for every workload. */
export function podBasics(
  { kubernetes: { imagePullSecrets, priorityClass } }: ClusterSettings,
  serviceAccount: string,
) {
  return {
    serviceAccountName: serviceAccount,
    automountServiceAccountToken: false,
    // Variables for each Service of the namespace, which nothing of ours reads.
    enableServiceLinks: false,
    securityContext: podSecurity,
    ...(imagePullSecrets.length > 0 && {
      imagePullSecrets: imagePullSecrets.map((name) => ({ name })),
    }),
    ...(priorityClass !== null && { priorityClassName: priorityClass }),
  };
}

/** The one folder of its own that a container may write to, where the root file system is read-only. */
export const scratch = {
  volume: { name: "tmp", emptyDir: { sizeLimit: "5Gi" } },
  mount: { name: "tmp", mountPath: "/tmp" },
} as const;

/** A variable with the value of a Secret's key. */
export function fromSecret(name: string, secret: string, key: string) {
  return { name, valueFrom: { secretKeyRef: { name: secret, key } } };
}

/** Annotation of a pod template that changes with the Secrets its pods read, and so rolls them. */
function secretsAnnotation(fingerprints: Fingerprints): Record<string, Text> {
  const entries = Object.entries(fingerprints).sort(([a], [b]) => (a < b ? -1 : 1));
  if (entries.length === 0) return {};
  const texts = entries.map(([name, fingerprint]) => then(fingerprint, (it) => `${name}=${it}`));
  const joined = texts.reduce((before, text) =>
    then(before, (a) => then(text, (b) => `${a},${b}`)),
  );
  return { "tollgate.dev/secrets": joined };
}

/** Goes on with a text now, or when it is known. */
function then(text: Text, next: (known: string) => Text): Text {
  // What `apply` is given may itself be known only later; its types don't say so for a union.
  return typeof text === "string" ? next(text) : text.apply((known) => next(known) as string);
}

/** Selector and template of a server's pods: with their basics, and rolled by the Secrets that they read. */
export function serverPods(
  settings: ClusterSettings,
  name: string,
  fingerprints: Fingerprints,
  spec: object,
) {
  return {
    selector: { matchLabels: selectorOf(name) },
    template: {
      metadata: { labels: labelsOf(settings, name), annotations: secretsAnnotation(fingerprints) },
      spec: { ...podBasics(settings, name), ...spec },
    },
  };
}
