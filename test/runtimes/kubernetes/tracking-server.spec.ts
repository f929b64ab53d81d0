// The MLflow server as data. Cannot prove that MLflow starts with it: the specs in test/cluster/ do.
import assert from "node:assert/strict";
import fc from "fast-check";
import type { Settings } from "../../../config/settings";
import { artifactStoreManifests } from "../../../runtimes/kubernetes/manifests/artifact-store";
import { databaseManifests } from "../../../runtimes/kubernetes/manifests/database";
import { trackingServerManifests } from "../../../runtimes/kubernetes/manifests/tracking-server";
import {
  changed,
  filesOnly,
  keptElsewhere,
  namesOf,
  only,
  settingsWith,
  templateOf,
} from "./support";

const fingerprints = { database: "dddddddddddd", "artifact-store": "aaaaaaaaaaaa" };

describe("trackingServerManifests", () => {
  const staging = trackingServerManifests(settingsWith(), fingerprints);
  const serverOf = (...args: Parameters<typeof settingsWith>) =>
    templateOf(only(trackingServerManifests(settingsWith(...args), {}), "Deployment"));
  const environmentOf = (...args: Parameters<typeof settingsWith>) =>
    Object.fromEntries(
      serverOf(...args).spec.containers[0]!.env!.map(({ name, value, valueFrom }) => [
        name,
        value ?? (valueFrom as { secretKeyRef: object }).secretKeyRef,
      ]),
    );

  it("brings the schema forward, then starts the server, then lets others find it", () => {
    const [migration, ...rest] = namesOf(staging);
    assert.match(migration!, /^Job\/tracking-server-migrate-[0-9a-f]{8}$/);
    assert.deepEqual(rest, ["Deployment/tracking-server", "Service/tracking-server"]);
  });

  it("is nothing where the registry is kept elsewhere", () => {
    const settings = settingsWith(changed("trackingServer", { managed: false }));
    assert.deepEqual(trackingServerManifests(settings, {}), []);
  });

  it("is found under the address of the settings", () => {
    assert.deepEqual(only(staging, "Service")["spec"], {
      type: "ClusterIP",
      selector: { "app.kubernetes.io/name": "tracking-server" },
      ports: [{ name: "tracking-server", protocol: "TCP", port: 5001, targetPort: 5000 }],
    });
  });

  it("reads its clients' password from a file that is no variable, and rolls when it changes", () => {
    const change = changed("trackingServer", {
      credentials: { secretName: "registry-credentials" },
    });
    const { containers, volumes } = serverOf(change).spec;
    const [, file] = containers[0]!.args!.slice(-2);
    assert.deepEqual(containers[0]!.args!.slice(-2), ["--password-file", file]);
    const mount = containers[0]!.volumeMounts!.find(({ name }) => name === "registry-credentials")!;
    const [item] = (
      volumes!.find(({ name }) => name === "registry-credentials") as unknown as {
        secret: { secretName: string; items: { key: string; path: string }[] };
      }
    ).secret.items;
    assert.equal(item!.key, "MLFLOW_TRACKING_PASSWORD");
    assert.equal(file, `${mount.mountPath}/${item!.path}`);
    assert.equal((mount as { readOnly?: boolean }).readOnly, true);
    assert.doesNotMatch(JSON.stringify(environmentOf(change)), /registry-credentials/);
    assert.doesNotMatch(JSON.stringify(serverOf()), /registry-credentials/);
  });

  it("gets addresses and keys from Secrets, and answers to its own names alone", () => {
    assert.deepEqual(environmentOf(), {
      HOME: "/tmp",
      MLFLOW_BACKEND_STORE_URI: { name: "database", key: "url" },
      AWS_ACCESS_KEY_ID: { name: "artifact-store", key: "AWS_ACCESS_KEY_ID" },
      AWS_SECRET_ACCESS_KEY: { name: "artifact-store", key: "AWS_SECRET_ACCESS_KEY" },
      AWS_EC2_METADATA_DISABLED: "true",
      MLFLOW_S3_ENDPOINT_URL: "http://artifact-store:8333",
      AWS_DEFAULT_REGION: "us-east-1",
      MLFLOW_SERVER_ALLOWED_HOSTS: [
        "tracking-server",
        "tracking-server:*",
        "tracking-server.churn-model-staging",
        "tracking-server.churn-model-staging:*",
        "tracking-server.churn-model-staging.svc",
        "tracking-server.churn-model-staging.svc:*",
        "tracking-server.churn-model-staging.svc.cluster.local",
        "tracking-server.churn-model-staging.svc.cluster.local:*",
        "localhost",
        "localhost:*",
        "127.0.0.1",
        "127.0.0.1:*",
      ].join(","),
      MLFLOW_SERVER_ENABLE_JOB_EXECUTION: "false",
      MLFLOW_DISABLE_TELEMETRY: "true",
      DO_NOT_TRACK: "true",
    });
  });

  it("uses a database and a store that are kept elsewhere by the Secrets that are named", () => {
    const { MLFLOW_BACKEND_STORE_URI, AWS_ACCESS_KEY_ID, ...rest } = environmentOf(keptElsewhere);
    assert.deepEqual(MLFLOW_BACKEND_STORE_URI, { name: "orders-db", key: "url" });
    assert.deepEqual(AWS_ACCESS_KEY_ID, { name: "models-s3", key: "AWS_ACCESS_KEY_ID" });
    assert.equal(rest["MLFLOW_S3_ENDPOINT_URL"], "https://s3.example.com:9000");
    assert.equal(rest["AWS_DEFAULT_REGION"], undefined);
    const aws = environmentOf(changed("artifactStore", { secret: "models-s3" }));
    assert.equal(aws["MLFLOW_S3_ENDPOINT_URL"], undefined);
  });

  it("starts anew when a Secret that it reads changes, beside the pod that answers", () => {
    const deployment = only(staging, "Deployment");
    assert.deepEqual(templateOf(deployment).metadata.annotations, {
      "tollgate.dev/secrets": "artifact-store=aaaaaaaaaaaa,database=dddddddddddd",
    });
    assert.deepEqual((deployment["spec"] as Record<string, unknown>)["strategy"], {
      type: "RollingUpdate",
      rollingUpdate: { maxUnavailable: 0, maxSurge: 1 },
    });
  });

  it("keeps files on a volume of both sizes, which one pod at a time has", () => {
    const manifests = trackingServerManifests(settingsWith(filesOnly), {});
    assert.deepEqual(namesOf(manifests), [
      "PersistentVolumeClaim/tracking-server",
      "Deployment/tracking-server",
      "Service/tracking-server",
    ]);
    assert.deepEqual(only(manifests, "PersistentVolumeClaim")["spec"], {
      accessModes: ["ReadWriteOnce"],
      resources: { requests: { storage: "15Gi" } },
    });
    const deployment = only(manifests, "Deployment");
    assert.deepEqual((deployment["spec"] as Record<string, unknown>)["strategy"], {
      type: "Recreate",
    });
    const { initContainers, containers } = templateOf(deployment).spec;
    assert.deepEqual(
      initContainers?.map(({ name }) => name),
      ["migrate"],
    );
    for (const container of [...initContainers!, ...containers]) {
      assert.deepEqual(container.volumeMounts[0], { name: "data", mountPath: "/data" });
      assert.deepEqual(container.env?.[1], {
        name: "MLFLOW_BACKEND_STORE_URI",
        value: "sqlite:////data/mlflow.db",
      });
    }
    assert.ok(containers[0]?.args?.includes("file:///data/artifacts"));
  });
});

describe("migration Job", () => {
  const jobOf = (...args: Parameters<typeof settingsWith>) =>
    only(trackingServerManifests(settingsWith(...args), fingerprints), "Job");

  it("makes a backup of a database of our own first", () => {
    const { initContainers, containers } = templateOf(jobOf()).spec;
    assert.deepEqual(
      [...initContainers!, ...containers].map(({ name, command }) => [name, command]),
      [
        ["backup", ["sh", "/scripts/backup.sh", "before-migration"]],
        ["migrate", ["python", "-m", "tollgate_serving.cluster.migrate"]],
      ],
    );
  });

  it("leaves the backup of another's database to them", () => {
    assert.equal(templateOf(jobOf(keptElsewhere)).spec.initContainers, undefined);
  });

  it("has another name whenever it is another Job, and the same otherwise", () => {
    const name = jobOf().metadata.name;
    const { images, resources } = settingsWith().kubernetes;
    const small = { cpu: "1", memory: "2Gi" };
    for (const change of [
      { images: { ...images, tollgate: images.tollgate.replace(/c{64}/, "d".repeat(64)) } },
      { resources: { ...resources, trackingServer: small } },
      { priorityClass: "batch" },
      { imagePullSecrets: ["registry"] },
    ]) {
      assert.notEqual(jobOf({}, change).metadata.name, name);
    }
    assert.notEqual(jobOf(keptElsewhere).metadata.name, name);
    assert.equal(jobOf(changed("scorer", { replicas: 9 })).metadata.name, name);
  });
});

describe("pods of the registry", () => {
  const settings = fc
    .record({
      database: fc.constantFrom<Partial<Settings["database"]>>(
        {},
        { kind: "sqlite" },
        { secret: "theirs" },
      ),
      store: fc.constantFrom<Partial<Settings["artifactStore"]>>(
        {},
        { kind: "folder" },
        { secret: "theirs" },
      ),
      resourceLevel: fc.constantFrom("none" as const, "requests" as const, "limits" as const),
      imagePullSecrets: fc.constantFrom([], ["registry"]),
      priorityClass: fc.constantFrom(null, "high"),
    })
    .map(({ database, store, ...kubernetes }) =>
      settingsWith(
        { ...changed("database", database), ...changed("artifactStore", store) },
        kubernetes,
      ),
    );

  it("are restricted, without a token, on images by digest, with resources as the level wants", () => {
    fc.assert(
      fc.property(settings, (environment) => {
        const manifests = [
          ...artifactStoreManifests(environment, fingerprints),
          ...databaseManifests(environment, fingerprints),
          ...trackingServerManifests(environment, fingerprints),
        ];
        const { resourceLevel, cluster } = environment.kubernetes;
        for (const manifest of manifests) {
          assert.equal(manifest.metadata.namespace, cluster.namespace);
          assert.match(manifest.metadata.name, /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/);
        }
        const workloads = ["Deployment", "StatefulSet", "Job", "CronJob"];
        for (const workload of manifests.filter(({ kind }) => workloads.includes(kind))) {
          const { spec } = templateOf(workload);
          assert.equal(spec.automountServiceAccountToken, false);
          assert.equal(spec.securityContext.runAsNonRoot, true);
          const volumes = new Set(spec.volumes.map(({ name }) => name));
          for (const container of [...(spec.initContainers ?? []), ...spec.containers]) {
            assert.match(container.image, /@sha256:[0-9a-f]{64}$/);
            assert.deepEqual(container.securityContext, {
              allowPrivilegeEscalation: false,
              readOnlyRootFilesystem: true,
              capabilities: { drop: ["ALL"] },
            });
            const wanted = { none: [], requests: ["requests"], limits: ["requests", "limits"] };
            assert.deepEqual(Object.keys(container.resources as object), wanted[resourceLevel]);
            assert.ok(container.volumeMounts.every(({ name }) => volumes.has(name)));
          }
        }
      }),
    );
  });

  it("are chosen by their workload and their Service, and by no other", () => {
    const environment = settingsWith();
    const manifests = [
      ...artifactStoreManifests(environment, {}),
      ...databaseManifests(environment, {}),
      ...trackingServerManifests(environment, {}),
    ];
    for (const name of ["artifact-store", "database", "tracking-server"]) {
      const label = { "app.kubernetes.io/name": name };
      const workload = manifests.find(
        ({ kind, metadata }) =>
          ["StatefulSet", "Deployment"].includes(kind) && metadata.name === name,
      )!;
      const { selector } = workload["spec"] as { selector: { matchLabels: object } };
      assert.deepEqual(selector.matchLabels, label);
      assert.equal(templateOf(workload).metadata.labels["app.kubernetes.io/name"], name);
      const service = only(manifests, "Service", name)["spec"] as { selector: object };
      assert.deepEqual(service.selector, label);
    }
    const others = manifests.filter(({ kind }) => ["Job", "CronJob"].includes(kind));
    assert.deepEqual(
      others.map((each) => templateOf(each).metadata.labels["app.kubernetes.io/name"]),
      ["database-backup", "tracking-server-migrate"],
    );
  });
});
