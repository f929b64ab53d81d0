// What `tollgate render` writes, judged by those who read it: the API server and its schemas, kustomize, checkov, and
// Pulumi's own plugin. Cannot prove how Argo CD and Flux apply it: neither runs here.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import fc from "fast-check";
import { parseAllDocuments } from "yaml";
import { filesOf } from "../../runtimes/kubernetes/operate/render-files";
import { writeRendering } from "../../cli/render/folder";
import { resolveSettings } from "../../config/resolve";
import type { ClusterSettings } from "../../config/settings";
import type { Manifest } from "../../runtimes/kubernetes/manifests/manifest";
import { renderedGroups, renderedManifests } from "../../runtimes/kubernetes/render";
import { testCluster } from "../support/cluster";
import { anyClusterSettings } from "../support/cluster-settings";
import { checkov } from "./render/checkov";
import { gitOpsTools, Kubeconform, ours } from "./render/kubeconform";
import { writtenByThePlugin } from "./render/plugin";

const minutes = 60_000;
const examples = path.join(__dirname, "..", "..", "examples", "gitops");
const image = (name: string) => `registry.example.com/${name}@sha256:${"c".repeat(64)}`;
const images = {
  tollgate: image("tollgate"),
  postgres: image("postgres"),
  seaweedfs: image("seaweedfs"),
};
const pin = `2@sha256:${"a".repeat(64)}`;

/** Settings of a stack in a cluster, from what its file would say. */
function settingsOf(tier: string, kubernetes: object, more: object = {}): ClusterSettings {
  const raw = { tier, model: "churn-model", runtime: "kubernetes", kubernetes, ...more };
  const place = { stack: tier, projectDir: "/project", requirements: "/requirements.lock" };
  return resolveSettings(raw, place) as ClusterSettings;
}

/** Settings that together have every kind of object, of production, whose rules are the strictest. */
const variants: Record<string, object> = {
  deployment: { images, service: { type: "NodePort", nodePort: 30080 } },
  blueGreen: {
    images,
    rollout: "blueGreen",
    prometheus: "http://prometheus.monitoring.svc:9090",
    autoscale: { maxReplicas: 6 },
    ingress: { host: "churn.example.com", className: "nginx", tlsSecret: "churn-tls" },
  },
  canary: { images, rollout: "canary", modelFrom: "image", modelImage: image("churn") },
  operators: {
    images,
    modelFrom: "kserve",
    monitoring: "operator",
    gateway: { host: "churn.example.com", name: "public" },
  },
};

describe("a rendering in front of its readers", () => {
  const cluster = testCluster();
  const temporary = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), "tollgate-rendering-"));
  const namespaces: string[] = [];
  let openApi: string;

  before(async () => {
    openApi = await cluster.kubectl(["get", "--raw", "/openapi/v2"]);
  });

  after(async function () {
    this.timeout(3 * minutes);
    fs.rmSync(temporary, { recursive: true, force: true });
    if (namespaces.length > 0) {
      await cluster.kubectl(["delete", "namespace", "--ignore-not-found", ...namespaces]);
    }
  });

  async function rendered(name: string, settings: ClusterSettings): Promise<string> {
    const folder = path.join(temporary, name);
    await writeRendering(folder, settings.stack, await filesOf(settings, renderedGroups(settings)));
    return folder;
  }

  /** A namespace of this spec's, removed afterwards. */
  function ownNamespace(): string {
    const name = cluster.namespace();
    namespaces.push(name);
    return name;
  }

  it("is valid by the cluster's own strict schemas, whatever the settings", async function () {
    this.timeout(10 * minutes);
    const kubeconform = Kubeconform.prepare(openApi, path.join(temporary, "schemas"), ours);
    for (const [index, settings] of fc.sample(anyClusterSettings(), 100).entries()) {
      await rendered(path.join("any", String(index)), settings);
    }
    for (const [name, kubernetes] of Object.entries(variants)) {
      await rendered(path.join("any", name), settingsOf("prod", kubernetes, { pin }));
    }
    const judged = kubeconform.judge(path.join(temporary, "any"));
    const kinds = new Set(judged.map(({ kind }) => kind));
    for (const kind of ["Rollout", "AnalysisTemplate", "InferenceService", "HTTPRoute"]) {
      assert.ok(kinds.has(kind), `no ${kind} was judged`);
    }
    assert.deepEqual(
      judged.filter(({ status }) => status !== "statusValid"),
      [],
    );
  });

  it("refuses by those schemas a field that nobody knows, and a number that is a text", () => {
    const kubeconform = Kubeconform.prepare(openApi, path.join(temporary, "schemas"), ours);
    const folder = path.join(temporary, "wrong");
    fs.mkdirSync(folder);
    const service = { apiVersion: "v1", kind: "Service", metadata: { name: "a" } };
    const wrong = {
      "unknown.yaml": { ...service, spec: { clusterIPP: "None" } },
      "text.yaml": { ...service, spec: { ports: [{ port: "80" }] } },
      "right.yaml": { ...service, spec: { ports: [{ port: 80, targetPort: "http" }] } },
    };
    for (const [file, object] of Object.entries(wrong)) {
      fs.writeFileSync(path.join(folder, file), JSON.stringify(object));
    }
    const judged = kubeconform
      .judge(folder)
      .map(({ filename, status }) => [path.basename(filename), status] as const);
    assert.deepEqual(Object.fromEntries(judged), {
      "unknown.yaml": "statusInvalid",
      "text.yaml": "statusInvalid",
      "right.yaml": "statusValid",
    });
  });

  it("passes every rule of checkov in production, and no rule is skipped that would pass", async function () {
    this.timeout(10 * minutes);
    for (const [name, kubernetes] of Object.entries(variants)) {
      await rendered(path.join("prod", name), settingsOf("prod", kubernetes, { pin }));
    }
    const folder = path.join(temporary, "prod");
    const [report, strict] = [await checkov(folder), await checkov(folder, { skips: false })];
    assert.deepEqual([report.failed, report.parsingErrors], [[], []]);
    assert.ok(report.passed > 1000, `${report.passed} checks passed`);
    const skipped = [...strict.asked].filter((id) => !report.asked.has(id));
    const needed = new Set(strict.failed.map((failure) => failure.split(" ")[0]!));
    assert.deepEqual(skipped, [...needed]);
  });

  it("is what Pulumi's plugin writes of the same declarations, but for the plugin's own annotations", async function () {
    // The plugin may have to be built.
    this.timeout(25 * minutes);
    for (const kubernetes of Object.values(variants)) {
      const rendered = renderedManifests(settingsOf("prod", kubernetes, { pin }));
      const written = await writtenByThePlugin(rendered);
      const added = new Set<string>();
      const plain = written.map((object) => withoutAdditions(object, added));
      assert.deepEqual(byName(plain), byName(rendered.map((object) => withoutAdditions(object))));
      assert.deepEqual([...added].sort(), [
        "pulumi.com/deletionPropagationPolicy",
        "pulumi.com/patchForce",
        "pulumi.com/replaceUnready",
        "pulumi.com/skipAwait",
      ]);
    }
  });

  it("is built by kustomize in the order of applying", async () => {
    const settings = settingsOf("prod", variants["blueGreen"]!, { pin });
    const built = await cluster.kubectl(["kustomize", await rendered("kustomize", settings)]);
    const objects = parseAllDocuments(built).map((document) => document.toJS() as Manifest);
    assert.deepEqual(objects.map(nameOf), renderedManifests(settings).map(nameOf));
  });

  it("is admitted by the API server without a warning, with Pod Security `restricted`", async function () {
    this.timeout(3 * minutes);
    for (const name of ["deployment", "blueGreen", "canary"]) {
      const namespace = ownNamespace();
      const settings = settingsOf("prod", { ...variants[name], namespace }, { pin });
      const folder = await rendered(path.join("admitted", name), settings);
      const apply = ["apply", "--server-side", "--warnings-as-errors", "--kustomize"];
      await cluster.kubectl([...apply, path.join(folder, "namespace")]);
      const said = await cluster.kubectl([...apply, folder, "--dry-run=server"]);
      assert.equal(said.trim().split("\n").length, renderedManifests(settings).length);
    }
  });

  it("brings a registry up when applied group by group, and then differs in nothing", async function () {
    this.timeout(8 * minutes);
    const namespace = ownNamespace();
    const { tollgate, postgres, seaweedfs } = cluster.images;
    // The node may be full of other specs' requests.
    const small = { cpu: "10m", memory: "256Mi" };
    const settings = settingsOf("staging", {
      namespace,
      images: { tollgate, postgres, seaweedfs },
      resources: {
        trackingServer: { cpu: "10m", memory: "900Mi" },
        database: small,
        artifactStore: small,
      },
    });
    const folder = await rendered("registry", settings);
    const kubectl = (...args: string[]) => cluster.kubectl(["--namespace", namespace, ...args]);
    const apply = (group: string) =>
      kubectl("apply", "--server-side", "--kustomize", path.join(folder, group));
    await apply("namespace");
    for (const secret of secretsOf(fs.readFileSync(path.join(folder, "SECRETS.md"), "utf8"))) {
      await cluster.kubectl(["--namespace", namespace, "apply", "-f", "-"], JSON.stringify(secret));
    }
    await apply("data");
    await kubectl("wait", "job", "--all", "--for=condition=complete", "--timeout=300s");
    await kubectl("rollout", "status", "statefulset/artifact-store", "--timeout=120s");
    await apply("registry");
    await kubectl("rollout", "status", "deployment/tracking-server", "--timeout=240s");
    // `kubectl diff` ends with 1 where applying would change anything.
    await kubectl("diff", "--server-side", "--kustomize", folder);
  });

  it("has examples whose objects Argo CD, Flux and External Secrets know", async function () {
    this.timeout(10 * minutes);
    const schemas = path.join(temporary, "tools");
    const kubeconform = Kubeconform.prepare(openApi, schemas, gitOpsTools);
    for (const tool of ["argocd", "flux", "secrets"]) {
      const judged = kubeconform.judge(path.join(examples, tool));
      assert.notEqual(judged.length, 0, tool);
      assert.deepEqual(
        judged.filter(({ status }) => status !== "statusValid"),
        [],
      );
    }
  });
});

function nameOf({ kind, metadata }: Manifest): string {
  return `${kind} ${metadata.name}`;
}

function byName(manifests: readonly unknown[]): Record<string, unknown> {
  return Object.fromEntries(manifests.map((each) => [nameOf(each as Manifest), each]));
}

/** An object as data, without what Pulumi's plugin is told by annotations, which are noted, and without empty ones. */
function withoutAdditions(object: Manifest, noted = new Set<string>()): unknown {
  const walk = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(walk);
    if (typeof value !== "object" || value === null) return value;
    const entries = Object.entries(value).flatMap(([key, held]) => {
      if (key.startsWith("pulumi.com/")) {
        noted.add(key);
        return [];
      }
      const kept = walk(held);
      const empty = key === "annotations" && Object.keys(kept as object).length === 0;
      return empty ? [] : [[key, kept] as const];
    });
    return Object.fromEntries(entries);
  };
  return walk(JSON.parse(JSON.stringify(object)));
}

/** Secrets as the page beside a rendering tells to make them: its table of keys and values, with random texts. */
function secretsOf(page: string): object[] {
  const rows = [...page.matchAll(/^\| `([^`]+)` \| `([^`]+)` \| `([^`]+)` \|$/gm)];
  const random: Record<string, string> = {};
  const secrets: Record<string, Record<string, string>> = {};
  for (const [, name = "", key = "", text = ""] of rows) {
    const values = (secrets[name] ??= {});
    values[key] = text.replaceAll(/\$\{(\w+)\}/g, (_, of: string) => {
      return (random[`${name} ${of}`] ??= randomBytes(20).toString("hex"));
    });
  }
  return Object.entries(secrets).map(([name, stringData]) => ({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name },
    stringData,
  }));
}
