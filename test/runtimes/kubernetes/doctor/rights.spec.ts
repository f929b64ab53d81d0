import assert from "node:assert/strict";
import type { ClusterSettings, KubernetesSettings } from "../../../../config/settings";
import { rightsNeeded } from "../../../../runtimes/kubernetes/doctor/rights";
import { renderedManifests } from "../../../../runtimes/kubernetes/render";
import { clusterSettings, type SettingsChange } from "../../../support/fixtures";

function settingsOf(
  kubernetes: Partial<KubernetesSettings> = {},
  change: SettingsChange = {},
): ClusterSettings {
  return clusterSettings(change, kubernetes);
}

const { database, artifactStore, trackingServer, scorer } = settingsOf();
const elsewhere = {
  database: { ...database, secret: "database-address" },
  artifactStore: { ...artifactStore, secret: "s3-keys" },
};

/** Settings that make different kinds of objects. */
const variants: Record<string, ClusterSettings> = {
  "the defaults of staging": settingsOf(),
  "a namespace that somebody else makes": settingsOf({ createNamespace: false }),
  "no limits": settingsOf({ resourceLevel: "none" }),
  "data that is kept elsewhere": settingsOf({}, elsewhere),
  "SQLite and a folder": settingsOf(
    {},
    {
      database: { ...database, kind: "sqlite" },
      artifactStore: { ...artifactStore, kind: "folder" },
    },
  ),
  "a registry that is kept elsewhere": settingsOf(
    {},
    { trackingServer: { ...trackingServer, managed: false, uri: "https://mlflow.example.com" } },
  ),
  "one scorer": settingsOf({}, { scorer: { ...scorer, replicas: 1 } }),
  "several scorers": settingsOf({}, { scorer: { ...scorer, replicas: 3 } }),
  "Argo Rollouts": settingsOf({ rollout: "canary" }),
  KServe: settingsOf({ modelFrom: "kserve" }),
  "KServe, with a rollout that it takes no notice of": settingsOf({
    modelFrom: "kserve",
    rollout: "blueGreen",
  }),
  "scaling, routes and the Prometheus operator": settingsOf({
    autoscale: { maxReplicas: 4, cpuPercent: 70, requestsPerSecond: null },
    ingress: { host: "churn.example.com", className: "nginx", tlsSecret: "tls" },
    gateway: { host: "churn.example.com", name: "public", namespace: "edge" },
    monitoring: "operator",
  }),
};

/** `NetworkPolicy` as API paths write it: `networkpolicies`. */
function resourceOf(kind: string): string {
  const lower = kind.toLowerCase();
  if (lower.endsWith("y")) return `${lower.slice(0, -1)}ies`;
  return lower.endsWith("s") ? `${lower}es` : `${lower}s`;
}

describe("rightsNeeded", () => {
  for (const [what, settings] of Object.entries(variants)) {
    const may = (asked: string) => asked.endsWith("create") || asked.endsWith("patch");
    const rights = rightsNeeded(settings).map(
      ({ group, resource, verb, scope }) => `${scope} ${group}/${resource} ${verb}`,
    );

    it(`has every right to make and to change what ${what} declare`, () => {
      const needed = renderedManifests(settings).flatMap(({ apiVersion, kind, metadata }) => {
        const group = apiVersion.includes("/") ? apiVersion.split("/")[0] : "";
        const scope = metadata.namespace === undefined ? "cluster" : "namespace";
        const object = `${scope} ${group}/${resourceOf(kind)}`;
        return [`${object} create`, `${object} patch`];
      });
      assert.notEqual(needed.length, 0);
      const missing = [...new Set(needed)].filter((right) => !rights.includes(right));
      assert.deepEqual(missing, []);
    });

    it(`asks for no API that ${what} have no object of`, () => {
      const used = new Set(renderedManifests(settings).map(({ apiVersion }) => apiVersion));
      const groups = [...used].map((version) => version.split("/")[0]);
      const builtIn =
        /^(|apps|batch|policy|autoscaling|discovery\.k8s\.io|.*\.authorization\.k8s\.io)$/;
      const extra = rights
        .filter(may)
        .map((right) => /^\S+ ([^/]*)\//.exec(right)?.[1] ?? "")
        .filter((group) => !builtIn.test(group) && !groups.includes(group));
      assert.deepEqual([...new Set(extra)], []);
    });
  }

  it("asks for nothing twice", () => {
    const rights = rightsNeeded(settingsOf()).map((right) => JSON.stringify(right));
    assert.equal(new Set(rights).size, rights.length);
  });
});
