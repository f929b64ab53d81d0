import assert from "node:assert/strict";
import { neededSecrets, secretsPage } from "../../../../runtimes/kubernetes/operate/render-secrets";
import type { Manifest } from "../../../../runtimes/kubernetes/manifests/manifest";
import { renderedGroups } from "../../../../runtimes/kubernetes/render";
import { clusterSettings } from "../../../support/fixtures";

/** A Deployment whose pods are as given. */
function deployment(pod: object): Manifest {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web-1a2b", labels: { "app.kubernetes.io/name": "web" } },
    spec: { template: { spec: pod } },
  };
}

describe("neededSecrets", () => {
  const places: [string, Manifest, ReturnType<typeof neededSecrets>[number]][] = [
    [
      "a variable",
      deployment({
        containers: [{ env: [{ valueFrom: { secretKeyRef: { name: "a", key: "k" } } }] }],
      }),
      { name: "a", keys: ["k"], readers: ["web"], optional: false },
    ],
    [
      "all its keys as variables",
      deployment({ initContainers: [{ envFrom: [{ secretRef: { name: "a", optional: true } }] }] }),
      { name: "a", keys: [], readers: ["web"], optional: true },
    ],
    [
      "a volume",
      deployment({ volumes: [{ secret: { secretName: "a", items: [{ key: "k", path: "p" }] } }] }),
      { name: "a", keys: ["k"], readers: ["web"], optional: false },
    ],
    [
      "a part of a projected volume",
      deployment({
        volumes: [{ projected: { sources: [{ secret: { name: "a", items: [{ key: "k" }] } }] } }],
      }),
      { name: "a", keys: ["k"], readers: ["web"], optional: false },
    ],
    [
      "what images are pulled with",
      deployment({ imagePullSecrets: [{ name: "a" }] }),
      { name: "a", keys: [".dockerconfigjson"], readers: ["web"], optional: false },
    ],
    [
      "an Ingress's certificate",
      {
        apiVersion: "networking.k8s.io/v1",
        kind: "Ingress",
        metadata: { name: "web" },
        spec: { tls: [{ hosts: ["web.example.com"], secretName: "a" }] },
      },
      { name: "a", keys: ["tls.crt", "tls.key"], readers: ["web"], optional: false },
    ],
  ];
  for (const [place, manifest, expected] of places) {
    it(`finds one that is read as ${place}`, () => {
      assert.deepEqual(neededSecrets([manifest]), [expected]);
    });
  }

  it("gathers what several read, and calls a Secret optional only when all do without", () => {
    const read = (name: string, optional: boolean) =>
      deployment({ volumes: [{ secret: { secretName: name, optional } }] });
    assert.deepEqual(neededSecrets([read("b", true), read("a", true), read("b", false)]), [
      { name: "a", keys: [], readers: ["web"], optional: true },
      { name: "b", keys: [], readers: ["web"], optional: false },
    ]);
  });
});

describe("secretsPage", () => {
  it("names each Secret with its keys, its readers and what goes into it", () => {
    const page = secretsPage(clusterSettings(), renderedGroups(clusterSettings()));
    assert.deepEqual(
      page.split("\n").filter((line) => line.startsWith("| `database`")),
      [
        "| `database` | `password`, `url` | database, database-backup, tracking-server, tracking-server-migrate |",
        "| `database` | `password` | `${password}` |",
        "| `database` | `url` | `postgresql://mlflow:${password}@database:5432/mlflow` |",
      ],
    );
  });

  it("says what the registry's own password is to be", () => {
    const { trackingServer } = clusterSettings();
    const credentials = { secretName: "registry-credentials" };
    const settings = clusterSettings({ trackingServer: { ...trackingServer, credentials } });
    const page = secretsPage(settings, renderedGroups(settings));
    assert.deepEqual(
      page.split("\n").filter((line) => line.startsWith("| `registry-credentials`")),
      [
        "| `registry-credentials` | `MLFLOW_TRACKING_PASSWORD` | scorer, tracking-server |",
        "| `registry-credentials` | `MLFLOW_TRACKING_USERNAME` | `tollgate` |",
        "| `registry-credentials` | `MLFLOW_TRACKING_PASSWORD` | `${password}` |",
      ],
    );
  });

  it("is the same for every version", () => {
    const { trackingServer, pin } = clusterSettings();
    const elsewhere = { trackingServer: { ...trackingServer, managed: false } };
    const next = clusterSettings({ ...elsewhere, pin: { ...pin!, version: "3" } });
    const now = clusterSettings(elsewhere);
    const page = secretsPage(now, renderedGroups(now));
    assert.match(
      page,
      /^Read where they are there:\n\n.*\n.*\n\| `registry-credentials` \| all it has \| scorer \|$/m,
    );
    assert.equal(secretsPage(next, renderedGroups(next)), page);
  });

  it("says so when none is needed", () => {
    const { trackingServer } = clusterSettings();
    const settings = clusterSettings({ trackingServer: { ...trackingServer, managed: false } });
    assert.match(
      secretsPage(settings, []),
      /^# Secrets of staging\n\nNo Secret is ever rendered, and none is needed\.\n$/,
    );
  });
});
