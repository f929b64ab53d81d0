// The cluster is one in memory: that a real API server answers like it is shown by test/cluster.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import path from "node:path";
import { ClusterError } from "../../../../cluster/cluster";
import { diagnoseCluster } from "../../../../runtimes/kubernetes/doctor";
import { rightsNeeded } from "../../../../runtimes/kubernetes/doctor/rights";
import { readOnlyCluster } from "./read-only-cluster";
import {
  artifactStore,
  database,
  demanding,
  diagnose,
  everything,
  folder,
  namespace,
  options,
  plugin,
  settingsOf,
} from "./fixtures";

describe("diagnoseCluster", () => {
  it("looks only at what these settings need", async () => {
    assert.deepEqual(
      (await diagnose(settingsOf())).map(({ part, status, version, source }) => [
        ...[part, status, version, source],
      ]),
      [
        ["Kubernetes plugin", "ok", "4.25.0", plugin],
        ["kubeconfig", "ok", "shop", "/home/ada/.kube/shop"],
        ["API server", "ok", "1.33.4", "https://shop.example.com:6443"],
        ["namespace", "ok", null, "churn-model-staging"],
        ["permissions", "ok", null, `all ${rightsNeeded(settingsOf()).length} that \`up\` needs`],
        ["storage class", "ok", null, "fast, the cluster's default"],
      ],
    );
  });

  it("finds everything that demanding settings need", async () => {
    const parts = await diagnose(demanding);
    assert.deepEqual(
      parts.slice(3).map(({ part, status }) => [part, status]),
      [
        ["namespace", "ok"],
        ["permissions", "ok"],
        ["storage class", "ok"],
        ["Argo Rollouts", "ok"],
        ["metrics API", "ok"],
        ["Prometheus operator", "ok"],
        ["Gateway API", "ok"],
        ["priority class", "ok"],
        ["ingress class", "ok"],
        ["Gateway", "ok"],
        ["Secret database-address", "ok"],
        ["Secret tls", "ok"],
        ["Secret pull", "ok"],
      ],
    );
  });

  it("asks for no volumes where database and artifacts are kept elsewhere", async () => {
    const elsewhere = settingsOf(
      {},
      {
        database: { ...database, secret: "database-address" },
        artifactStore: { ...artifactStore, secret: "s3-keys" },
      },
    );
    assert.deepEqual(
      (await diagnose(elsewhere, { "/apis/storage.k8s.io/v1/storageclasses": undefined }))
        .slice(4)
        .map(({ part, source }) => [part, source]),
      [
        ["permissions", `all ${rightsNeeded(elsewhere).length} that \`up\` needs`],
        ["Secret database-address", "url"],
        ["Secret s3-keys", "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY"],
      ],
    );
  });

  it("says that `up` will make the namespace", async () => {
    const parts = await diagnose(settingsOf(), { [namespace]: undefined });
    assert.deepEqual(parts[3], {
      ...{ part: "namespace", status: "ok", version: null, mend: null },
      source: "churn-model-staging: `up` will make it",
    });
  });

  it("takes a namespace that this stack made for its own", async () => {
    const labels = {
      "tollgate.dev/stack": "staging",
      "app.kubernetes.io/part-of": "churn-model",
    };
    const parts = await diagnose(settingsOf(), { [namespace]: { metadata: { labels } } });
    assert.equal(parts[3]?.status, "ok");
  });

  it("doesn't call missing what the user may not look at", async () => {
    const unseen = (
      await diagnose(demanding, {
        [namespace]: "forbidden",
        "/apis/storage.k8s.io/v1/storageclasses": "forbidden",
        "/apis/scheduling.k8s.io/v1/priorityclasses/important": "forbidden",
        [`${namespace}/secrets/tls`]: "forbidden",
      })
    ).filter(({ status }) => status !== "ok");
    assert.deepEqual(
      unseen.map(({ part, status, source }) => [part, status, source]),
      ["namespace", "storage class", "priority class", "Secret tls"].map((part) => [
        ...[part, "unknown", "may not be looked at by the user of this context"],
      ]),
    );
  });

  it("names the rights that are missing, with the Role that gives them", async () => {
    const parts = await diagnoseCluster(settingsOf(), {
      ...options,
      connect: () =>
        Promise.resolve(
          readOnlyCluster(everything, ({ resource, verb }) =>
            resource === "namespaces" || resource === "networkpolicies"
              ? verb === "get"
              : resource !== "pods/portforward",
          ),
        ),
    });
    assert.deepEqual(
      parts.find(({ part }) => part === "permissions"),
      {
        ...{ part: "permissions", status: "missing", version: null, mend: null },
        source:
          "may not create, patch namespaces; list, watch, create, update, patch, delete networkpolicies.networking.k8s.io; get, create pods/portforward",
        advice:
          "have the user of this context bound to Role tollgate-releaser in namespace churn-model-staging, which `tollgate render` writes, and have the namespace made and set tollgate:kubernetes.createNamespace to false where that right isn't given",
      },
    );
  });

  it("ends the list at a cluster that doesn't answer, with the reason", async () => {
    const message = "The cluster at https://shop.example.com:6443 doesn't answer (ECONNREFUSED): …";
    const away = readOnlyCluster(everything);
    const parts = await diagnoseCluster(settingsOf(), {
      ...options,
      connect: () =>
        Promise.resolve({
          ...away,
          request: () => Promise.reject(new ClusterError("unreachable", message)),
        }),
    });
    assert.deepEqual(
      parts.slice(1).map(({ part, status, source }) => [part, status, source]),
      [
        ["kubeconfig", "ok", "/home/ada/.kube/shop"],
        ["API server", "broken", message],
      ],
    );
  });

  it("ends the list at a kubeconfig that isn't there, and still looks for the plugin", async () => {
    const empty = path.join(folder, "empty");
    mkdirSync(empty);
    const parts = await diagnoseCluster(settingsOf(), {
      fix: "doctor --fix --stack staging",
      environment: { PULUMI_HOME: empty, PATH: "/nowhere" },
      connect: () => Promise.reject(new ClusterError("unreachable", "There is no kubeconfig …")),
    });
    assert.deepEqual(parts, [
      {
        ...{ part: "Kubernetes plugin", status: "missing", version: null },
        source: "4.25.0 is not among the engine's plugins",
        mend: "doctor --fix --stack staging",
      },
      {
        ...{ part: "kubeconfig", status: "broken", version: null, mend: null },
        source: "There is no kubeconfig …",
      },
    ]);
  });

  it("passes a mistake of its own on", async () => {
    const connect = () => Promise.reject(new TypeError("a mistake"));
    await assert.rejects(diagnoseCluster(settingsOf(), { ...options, connect }), TypeError);
  });
});
