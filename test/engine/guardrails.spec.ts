// A user's own program with resources of Kubernetes, AWS and Docker, judged by the real engine and the real pack. The providers
// stand in for the real ones: they make nothing, take every input as it is, and choose a bucket's name as AWS' does.
import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import os from "node:os";
import path from "node:path";
import { type Engine, ensureEngine, engineEnvironment } from "../../toolchain/engine";
import { type CommandResult, run } from "../support/project";

const root = path.join(__dirname, "..", "..");
const plain = "runtime: {name: nodejs, options: {typescript: false}}\n";
const digest = `sha256:${"a".repeat(64)}`;

const provider = `
  const fs = require("fs");
  const made = require("path").join(__dirname, "..", "made.txt");
  require("@pulumi/pulumi/provider").main({
    version: "99.0.0",
    async check(urn, olds, news) { return { inputs: news }; },
    async diff() { return { changes: false }; },
    async create(urn, inputs) {
      const name = urn.split("::").pop();
      fs.appendFileSync(made, name + "\\n");
      return { id: name + "-4f2a", outs: inputs };
    },
    async delete() {},
  }, process.argv.slice(2));
`;

/** What every program begins with. */
const head = `
  const k8s = require("@pulumi/kubernetes");
  const aws = require("@pulumi/aws");
  const docker = require("@pulumi/docker");
  const pod = (image) => ({ spec: { selector: {}, template: { spec: { containers: [{
    name: "scorer", image,
    securityContext: { runAsNonRoot: true, allowPrivilegeEscalation: false },
    resources: { limits: { cpu: "1", memory: "1Gi" } },
  }] } } } });
  function protectedBucket(name) {
    const bucket = new aws.s3.Bucket(name, {}, { protect: true });
    new aws.s3.BucketVersioning(name, { bucket: bucket.id, versioningConfiguration: { status: "Enabled" } });
    new aws.s3.BucketServerSideEncryptionConfiguration(name, { bucket: bucket.id, rules: [
      { applyServerSideEncryptionByDefault: { sseAlgorithm: "aws:kms" } },
    ] });
    new aws.s3.BucketPublicAccessBlock(name, { bucket: bucket.id, blockPublicAcls: true,
      blockPublicPolicy: true, ignorePublicAcls: true, restrictPublicBuckets: true });
  }
`;

describe("guardrails, in a program of a user's own", function () {
  this.timeout(180_000);
  let dir: string;
  let engine: Engine;
  let environment: NodeJS.ProcessEnv;

  before(async function () {
    this.timeout(30 * 60_000);
    engine = await ensureEngine();
    dir = mkdtempSync(path.join(realpathSync(os.tmpdir()), "guardrails-"));
    const plugins = ["kubernetes", "aws", "docker"].map(
      (name) => `{name: ${name}, path: ./stand-in}`,
    );
    write("Pulumi.yaml", `name: own\n${plain}backend: {url: "file://."}\nplugins: {providers: [${plugins.join(", ")}]}\n`); // prettier-ignore
    write("package.json", '{"name": "own", "version": "1.0.0", "main": "program.js"}');
    write("stand-in/PulumiPlugin.yaml", plain);
    write("stand-in/package.json", '{"name": "stand-in", "version": "1.0.0", "main": "main.js"}');
    write("stand-in/main.js", provider);
    symlinkSync(path.join(root, "node_modules"), path.join(dir, "node_modules"));
    const own = { PULUMI_HOME: path.join(dir, "home"), PULUMI_CONFIG_PASSPHRASE: "of the test" };
    environment = { ...engineEnvironment(engine, dir), ...own };
    write("program.js", "");
    const result = await pulumi("stack", "init", "prod");
    assert.equal(result.code, 0, result.stdout + result.stderr);
  });
  after(() => rmSync(dir, { recursive: true, force: true }));

  function write(name: string, content: string): void {
    const file = path.join(dir, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, content);
  }

  function pulumi(...args: string[]): Promise<CommandResult> {
    const env = environment as Record<string, string>;
    return run(engine.binary, [...args, "--non-interactive", "--color", "never"], dir, { env });
  }

  /** Runs a program and gives all that was printed with the exit code, every space alike. */
  async function judged(verb: readonly string[], program: string) {
    write("program.js", head + program);
    const pack = ["--policy-pack", path.join(root, "policies")];
    const { code, stdout, stderr } = await pulumi(...verb, "--stack", "prod", ...pack);
    return { code, said: (stdout + stderr).replaceAll(/\s+/g, " ") };
  }

  const preview = (program: string) => judged(["preview"], program);

  it("passes a deployment by digest and a bucket with its protections, whose name isn't known yet", async () => {
    const { code, said } = await preview(`
      new k8s.apps.v1.Deployment("model", pod("scorer@${digest}"));
      protectedBucket("models");
    `);
    assert.equal(code, 0, said);
  });

  it("refuses at preview a deployment by tag, as root and without limits", async () => {
    const { code, said } = await preview(`
      new k8s.apps.v1.Deployment("model", { spec: { template: { spec: { containers: [
        { name: "scorer", image: "scorer:latest", env: [{ name: "DB_PASSWORD", value: "hunter2" }] },
      ] } } } });
    `);
    assert.notEqual(code, 0, said);
    const title = "kubernetes:apps/v1:Deployment model";
    for (const sentence of [
      `${title} runs scorer from the image "scorer:latest".`,
      `${title} has the container scorer, which has nothing for runAsNonRoot.`,
      `${title} has the container scorer, which has nothing for its limit of memory.`,
      `${title} has a password in plain in spec.template.spec.containers[0].env[0].value.`,
    ]) {
      assert.ok(said.includes(sentence), said);
      assert.equal(said.split(sentence).length, 2, `said twice: ${sentence}`);
    }
    assert.doesNotMatch(said, /hunter2/);
  });

  it("refuses at preview a bucket that is open and has nothing beside it", async () => {
    const { code, said } = await preview(`
      new aws.s3.Bucket("models", { acl: "public-read", forceDestroy: true });
    `);
    assert.notEqual(code, 0, said);
    for (const problem of [
      'has the ACL "public-read"',
      "lacks versioning",
      "lacks encryption",
      "lacks a block of all public access",
      "has true for forceDestroy, which must be false",
      "lacks the resource option protect",
    ]) {
      assert.ok(said.includes(`aws:s3/bucket:Bucket models ${problem}.`), said);
    }
  });

  it("refuses at preview what isn't known yet", async () => {
    const { code, said } = await preview(`
      const names = new k8s.core.v1.ConfigMap("names", {});
      new k8s.apps.v1.Deployment("model", pod(names.id));
      new k8s.core.v1.Service("model", { spec: { type: names.id } });
    `);
    assert.notEqual(code, 0, said);
    assert.match(said, /Deployment model runs scorer from the image a value not known yet\./);
    assert.match(said, /Service model is of type a value not known yet\./);
  });

  it("passes a password that is marked secret", async () => {
    const { code, said } = await preview(`
      new k8s.core.v1.Secret("db", { stringData: { password: require("@pulumi/pulumi").secret("hunter2") } });
    `);
    assert.equal(code, 0, said);
  });

  const unpreviewed = ["up", "--yes", "--skip-preview"];

  it("makes nothing of what is refused by itself, in an update without a preview", async () => {
    const { code, said } = await judged(
      unpreviewed,
      `new aws.rds.Instance("db", { instanceClass: "db.t4g.micro", backupRetentionPeriod: 7 });`,
    );
    assert.notEqual(code, 0, said);
    assert.match(said, /Instance db has nothing for storageEncrypted, which must be true\./);
    assert.deepEqual(made(), []);
  });

  it("judges in the update, before the container is made, an image that no preview can know", async () => {
    const program = `
      const pulled = new docker.RemoteImage("pulled", { name: "scorer@${digest}" });
      new k8s.apps.v1.Deployment("model", pod(pulled.id));
    `;
    const first = await preview(program);
    assert.equal(first.code, 0, first.said);
    const { code, said } = await judged(unpreviewed, program);
    assert.notEqual(code, 0, said);
    assert.match(said, /Deployment model runs scorer from the image "pulled-4f2a"\./);
    assert.deepEqual(made(), ["pulled"]);
  });

  /** Names of the resources that were made by now. */
  function made(): string[] {
    const file = path.join(dir, "made.txt");
    return existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : [];
  }
});
