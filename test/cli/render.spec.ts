// The verb and its files. Cannot prove that a cluster takes them: test/cluster/render.spec.ts does.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { parse } from "yaml";
import { filesOf } from "../../runtimes/kubernetes/operate/render-files";
import { renderedGroups } from "../../runtimes/kubernetes/render";
import { anyClusterSettings } from "../support/cluster-settings";
import { clusterSettings } from "../support/fixtures";
import { tollgate } from "./support/judged-project";
import { deadProject, temporaryFolder } from "./support/project";
import { type RenderedProject, renderedProject } from "./support/rendered-project";

describe("filesOf", () => {
  it("are a file an object and kustomizations that name them in the order of applying", async () => {
    const groups = renderedGroups(clusterSettings());
    const files = await filesOf(clusterSettings(), groups);
    const resources = (file: string) =>
      (parse(files.get(file)!) as { resources: string[] }).resources;
    assert.deepEqual(
      resources("kustomization.yaml"),
      groups.map(({ name }) => name),
    );
    for (const { name, manifests } of groups) {
      const listed = resources(`${name}/kustomization.yaml`).map((file) => `${name}/${file}`);
      assert.deepEqual(
        listed.map((file) => parse(files.get(file)!) as unknown),
        manifests.map((manifest) => JSON.parse(JSON.stringify(manifest)) as unknown),
      );
    }
  });

  it("mean the same to a reader of YAML 1.1, as Kubernetes is, and of 1.2", async () => {
    await fc.assert(
      fc.asyncProperty(anyClusterSettings(), async (settings) => {
        for (const [file, text] of await filesOf(settings, renderedGroups(settings))) {
          if (!file.endsWith(".yaml")) continue;
          assert.deepEqual(parse(text, { version: "1.1" }), parse(text, { version: "1.2" }), file);
        }
      }),
      { numRuns: 30 },
    );
  });

  it("quote each text that Go's reader takes for a number", async () => {
    // By strconv.ParseInt and ParseFloat, once each `_` was dropped.
    for (const model of ["0o17", "0O7", "0X1F", "0B1", "1e_3", "9E9_9", "0e1_0", "1_000", "12"]) {
      const settings = clusterSettings({ model });
      const files = await filesOf(settings, renderedGroups(settings));
      const lines = [...files]
        .filter(([file]) => file.endsWith(".yaml"))
        .flatMap(([, text]) => text.split("\n"))
        .filter((line) => line.includes("app.kubernetes.io/part-of:"));
      assert.ok(lines.length > 5);
      for (const line of lines) assert.equal(line.trim(), `app.kubernetes.io/part-of: "${model}"`);
    }
  });

  it("have the same bytes whatever order properties were written in", async () => {
    const groups = renderedGroups(clusterSettings());
    const reversed = groups.map((group) => ({
      ...group,
      manifests: group.manifests.map((manifest) => turned(manifest) as typeof manifest),
    }));
    assert.deepEqual(
      await filesOf(clusterSettings(), reversed),
      await filesOf(clusterSettings(), groups),
    );
  });

  it("change by little when another version is pinned: no file is numbered", async () => {
    const { pin } = clusterSettings();
    const next = clusterSettings({
      pin: { ...pin!, version: "3", digest: `sha256:${"e".repeat(64)}` },
    });
    const before = await filesOf(clusterSettings(), renderedGroups(clusterSettings()));
    const after = await filesOf(next, renderedGroups(next));
    const changed = [...after].filter(([file, text]) => before.get(file) !== text);
    assert.deepEqual(
      changed.map(([file]) => file.replace(/[0-9a-f]{8}/, "<generation>")),
      [
        "scorer/kustomization.yaml",
        "scorer/deployment-scorer-<generation>.yaml",
        "traffic/service-scorer.yaml",
      ],
    );
  });

  it("refuses what is only known once something was made", async () => {
    const unknown = Object.assign(Object.create({}) as object, { isOutput: true });
    const manifest = {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "a" },
      data: unknown,
    };
    await assert.rejects(filesOf(clusterSettings(), [{ name: "data", manifests: [manifest] }]), {
      message: "data/configmap-a.yaml.data isn't plain data",
    });
  });
});

/** The same data with every group's properties in reverse. */
function turned(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(turned);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, each]) => [key, turned(each)] as const);
  return Object.fromEntries(entries.reverse());
}

describe("tollgate render", () => {
  let project: RenderedProject;
  let out: string;
  const render = (...words: string[]) =>
    tollgate("render", "-C", project.dir, "-s", "staging", "--out", out, ...words);
  const use = async (more?: string) => {
    project = await renderedProject(more);
    out = path.join(project.dir, "rendered");
  };
  afterEach(() => project.close());

  it("writes an admitted version's manifests and says what changed", async () => {
    await use();
    const first = await render();
    assert.equal(first.code, 0, first.err);
    assert.match(first.out, /^added {4}SECRETS\.md$/m);
    assert.match(
      first.out,
      / holds \d+ files of staging, churn-model version 2 \(sha256:\w{12}\): \d+ changed\.$/m,
    );
    const again = await render();
    assert.match(again.out, /: nothing changed\.\n$/);
    const kustomization = fs.readFileSync(path.join(out, "kustomization.yaml"), "utf8");
    assert.deepEqual((parse(kustomization) as { resources: string[] }).resources, [
      "namespace",
      "scorer",
      "traffic",
    ]);
  });

  it("prints one document with --json", async () => {
    await use();
    const { code, out: printed } = await render("--json");
    const document = JSON.parse(printed) as Record<string, unknown>;
    assert.equal(code, 0);
    assert.deepEqual(Object.keys(document), [
      "stack",
      "refused",
      "pin",
      "verdicts",
      "folder",
      "files",
      "differences",
    ]);
    assert.equal(document["folder"], out);
    assert.equal(
      (document["files"] as string[]).length,
      fs
        .readdirSync(out, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile()).length - 1,
    );
  });

  it("tells by --check whether a folder is up to date, and writes nothing", async () => {
    await use();
    await render();
    assert.equal((await render("--check")).code, 0);
    fs.appendFileSync(path.join(out, "traffic", "service-scorer.yaml"), "# by hand\n");
    const { code, out: said } = await render("--check");
    assert.equal(code, 1);
    assert.match(
      said,
      /^changed {2}traffic\/service-scorer\.yaml\n.*isn't what staging says in 1 file: run `tollgate render/,
    );
    assert.equal((await render("--check")).code, 1);
  });

  it("says by --check that a folder that isn't there is out of date, and makes none", async () => {
    await use();
    assert.equal((await render("--check")).code, 1);
    assert.equal(fs.existsSync(out), false);
  });

  it("refuses a pin whose registry doesn't answer, with exit code 2 and nothing written", async () => {
    await use();
    await project.registry.close();
    const { code, out: said } = await render();
    assert.equal(code, 2);
    assert.match(said, /evidence-present/);
    assert.match(said, /Refused: nothing is rendered for staging\.\n$/);
    assert.equal(fs.existsSync(out), false);
  });

  it("refuses a pin below a floor, with every verdict in the document", async () => {
    await use("  tollgate:gates: { metric-floor: { floors: { accuracy: 0.999 } } }\n");
    const { code, out: printed } = await render("--json");
    const document = JSON.parse(printed) as {
      refused: boolean;
      files: string[];
      verdicts: { gate: string; passed: boolean }[];
    };
    assert.equal(code, 2);
    assert.equal(document.refused, true);
    assert.deepEqual(document.files, []);
    const floor = document.verdicts.find(({ gate }) => gate === "metric-floor");
    assert.equal(floor!.passed, false);
    assert.equal(fs.existsSync(out), false);
  });

  it("refuses what a guardrail has something against, unless the stack's file allows it", async () => {
    const opening = '    ingress: { host: "churn.example.com" }\n';
    await use(opening);
    const { code, err } = await render();
    assert.equal(code, 2);
    assert.match(
      err,
      /^nothing-beyond-loopback: kubernetes:networking\.k8s\.io\/v1:Ingress model-serving-ingress-scorer takes requests from outside the cluster\. /,
    );
    assert.equal(fs.existsSync(out), false);
    await project.close();
    await use(`${opening}  tollgate:exposed: [model-serving-ingress-scorer]\n`);
    const exposed = await render();
    assert.equal(exposed.code, 0, exposed.err);
  });

  it("refuses a missing --out, and a stack that isn't in a cluster", async () => {
    await use();
    const noOut = await tollgate("render", "-C", project.dir, "-s", "staging");
    assert.deepEqual(noOut, {
      code: 64,
      out: "",
      err: "Say where the manifests go with --out, such as --out rendered/prod.\n",
    });
    const dead = temporaryFolder(deadProject());
    try {
      const local = await tollgate("render", "-C", dead.dir, "-s", "dev", "--out", out);
      assert.deepEqual(local, {
        code: 1,
        out: "",
        err: "dev is on runtime local, which has no manifests: set tollgate:runtime to kubernetes in Pulumi.dev.yaml, or name another stack with --stack.\n",
      });
    } finally {
      dead.remove();
    }
  });
});
