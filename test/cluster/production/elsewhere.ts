import { randomBytes } from "node:crypto";
import { resolveSettings } from "../../../config/resolve";
import { artifactStoreManifests } from "../../../runtimes/kubernetes/manifests/artifact-store";
import { databaseManifests } from "../../../runtimes/kubernetes/manifests/database";
import type { ClusterSettings } from "../../../config/settings";
import type { Manifest } from "../../../runtimes/kubernetes/manifests/manifest";
import { names, ports } from "../../../runtimes/kubernetes/names";
import type { TestCluster } from "../../support/cluster";

/** A PostgreSQL and an S3 store that no stack keeps: as those of a cloud, or of another team. */
export interface Elsewhere {
  readonly namespace: string;
  /** `host:port`, from any namespace. */
  readonly database: string;
  readonly databasePassword: string;
  /** URL of the S3 endpoint, from any namespace. */
  readonly store: string;
  readonly storeKey: string;
  readonly storeSecret: string;
}

/** Starts both in a namespace of their own and waits for them. Whoever calls deletes the namespace. */
export async function keepElsewhere(cluster: TestCluster): Promise<Elsewhere> {
  const namespace = cluster.namespace();
  const [databasePassword, storeKey, storeSecret] = [hex(), hex(), hex()];
  const settings = settingsIn(cluster, namespace);
  const secrets = [
    secret(namespace, names.database, { password: databasePassword }),
    secret(namespace, names.artifactStore, {
      "s3.json": JSON.stringify({
        identities: [
          {
            name: "mlflow",
            credentials: [{ accessKey: storeKey, secretKey: storeSecret }],
            actions: ["Admin", "Read", "Write", "List", "Tagging"],
          },
        ],
      }),
    }),
  ];
  const servers = [...databaseManifests(settings, {}), ...artifactStoreManifests(settings, {})];
  const items = [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
    ...[names.database, names.artifactStore].map((name) => ({
      apiVersion: "v1",
      kind: "ServiceAccount",
      metadata: { name, namespace },
    })),
    ...secrets,
    ...servers.filter(({ kind }) => kind !== "CronJob"),
  ];
  const list = JSON.stringify({ apiVersion: "v1", kind: "List", items });
  await cluster.kubectl(["apply", "--filename", "-"], list);
  for (const name of [names.database, names.artifactStore]) {
    const waiting = ["rollout", "status", `statefulset/${name}`, "--timeout=240s"];
    await cluster.kubectl(["--namespace", namespace, ...waiting]);
  }
  const address = (name: string, port: number) => `${name}.${namespace}.svc:${port}`;
  return {
    namespace,
    database: address(names.database, ports.database),
    databasePassword,
    store: `http://${address(names.artifactStore, ports.artifactStore)}`,
    storeKey,
    storeSecret,
  };
}

/** A Secret as a person makes it. */
export function secret(
  namespace: string,
  name: string,
  stringData: Readonly<Record<string, string>>,
): Manifest {
  return { apiVersion: "v1", kind: "Secret", metadata: { name, namespace }, stringData };
}

function settingsIn(cluster: TestCluster, namespace: string): ClusterSettings {
  const { tollgate, postgres, seaweedfs } = cluster.images;
  const small = { cpu: "25m", memory: "256Mi" };
  const raw = {
    tier: "staging",
    model: "elsewhere",
    runtime: "kubernetes",
    kubernetes: {
      namespace,
      images: { tollgate, postgres, seaweedfs },
      resources: { database: small, artifactStore: small },
    },
  };
  const place = { stack: "elsewhere", projectDir: "/", requirements: "" };
  return resolveSettings(raw, place) as ClusterSettings;
}

function hex(): string {
  return randomBytes(16).toString("hex");
}
