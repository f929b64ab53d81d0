// Training with a key, against a real MLflow server: what is signed, what is stored, and who is told what when it can't
// count. The training is a few lines of Python that register a file, so that a run takes seconds.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../../../cli/program";
import { loadFromFile } from "../../../config/load";
import { trustOf } from "../../../config/signers";
import { contradictions, proofOf, trainingOf } from "../../../policies/training";
import { trainingSigned } from "../../../policies/gates/training-signed";
import { registryClient } from "../../../config/registry";
import { digestOfModelVersion } from "../../../registry/digest";
import { versionTags } from "../../../registry/evidence";
import { provenancePath } from "../../../registry/provenance";
import { fetchProvenance, storeProvenance } from "../../../registry/provenance";
import { sha256 } from "../../../strict/canonical";
import { candidate } from "../../policies/fixtures";
import { compliantEvidence } from "../../support/evidence";
import { type Mlflow, startMlflow } from "../../support/mlflow";
import { signersOf, testKey } from "../../support/signing";
import { temporaryFolder } from "../support/project";
import { capture } from "../support/streams";

const [mira, ann] = [testKey("mira@example.com"), testKey("ann@example.com")];

/**
 * Registers one file by MLflow's REST API, writes which variables it saw beside the project, and tags a digest that is a
 * lie. Without MLflow's own client, whose import takes longer than all of the rest.
 */
const training = `
import json, os, pathlib, urllib.error, urllib.parse, urllib.request

uri = os.environ["MLFLOW_TRACKING_URI"]
name = os.environ["MODEL_NAME"]

def send(method, path, body):
    headers = {"content-type": "application/json"}
    request = urllib.request.Request(uri + path, body, headers, method=method)
    with urllib.request.urlopen(request) as answer:
        return json.loads(answer.read() or b"{}")

def call(verb, **body):
    return send("POST", f"/api/2.0/mlflow/{verb}", json.dumps(body).encode())

def once(verb, **body):
    try:
        call(verb, **body)
    except urllib.error.HTTPError:
        pass  # It is there already.

once("experiments/create", name=name)
once("registered-models/create", name=name)
query = urllib.parse.urlencode({"experiment_name": name})
with urllib.request.urlopen(f"{uri}/api/2.0/mlflow/experiments/get-by-name?{query}") as answer:
    experiment = json.loads(answer.read())["experiment"]["experiment_id"]
run = call("runs/create", experiment_id=experiment, start_time=1)["run"]["info"]
stored = run["artifact_uri"].removeprefix("mlflow-artifacts:").lstrip("/")
weights = os.environ["PARAM_WEIGHTS"].encode()
send("PUT", f"/api/2.0/mlflow-artifacts/artifacts/{stored}/model/MLmodel", weights)
version = os.environ.get("PARAM_AGAIN")
if not version:
    source = f"{run['artifact_uri']}/model"
    made = call("model-versions/create", name=name, source=source, run_id=run["run_id"])
    version = made["model_version"]["version"]
    lie = "sha256:" + "0" * 64
    call("model-versions/set-tag", name=name, version=version, key="tollgate.digest", value=lie)
if os.environ.get("PARAM_TOUCHES"):
    with open(os.environ["DATA_PATH"], "a") as data:
        data.write("2\\n")
if os.environ.get("PARAM_FAILS"):
    raise SystemExit("out of memory")
pathlib.Path(".tollgate").mkdir(exist_ok=True)
pathlib.Path(".tollgate/seen.json").write_text(json.dumps(sorted(os.environ)))
made_in = os.environ.get("PARAM_CLAIMS", run["run_id"])
print(json.dumps({"run_id": made_in, "accuracy": 0.9, "model_version": str(version)}))
`;

describe("tollgate train --key", function () {
  this.timeout(120_000);
  let server: Mlflow;
  let project: ReturnType<typeof temporaryFolder>;
  let registryDir: ReturnType<typeof temporaryFolder>;
  const at = (...names: string[]) => join(project.dir, ...names);
  const git = (...words: string[]) =>
    execFileSync("git", ["-C", project.dir, ...words], { encoding: "utf8" }).trim();
  const settings = (stack: string) => loadFromFile(project.dir, stack);
  const client = async () => registryClient(await settings("prod"));

  before(async function () {
    this.timeout(600_000);
    registryDir = temporaryFolder({});
    server = await startMlflow({ dir: registryDir.dir });
    const file = (tier: string) => `config:
  tollgate:tier: ${tier}
  tollgate:model: made-model
  tollgate:trackingServer: { uri: "${server.uri}", timeoutSeconds: 30 }
  tollgate:train: { command: [python, train.py], data: train.csv, dataVersion: v7, parameters: { weights: "1" } }
  tollgate:evaluation: { data: eval.csv, label: y }
`;
    project = temporaryFolder({
      "Pulumi.yaml": "name: made\nruntime: nodejs\n",
      "Pulumi.staging.yaml": file("staging"),
      "Pulumi.prod.yaml": file("prod"),
      "signers/prod.allowed_signers": signersOf(
        { key: mira, purposes: ["training", "evidence"] },
        { key: ann, purposes: ["approval", "evidence"] },
      ),
      "train.py": training,
      "train.csv": "y\n1\n",
      "eval.csv": "y\n0\n",
      ".gitignore": ".tollgate/\n*.key\nmade/\n",
    });
    for (const [name, key] of Object.entries({ mira, ann })) {
      writeFileSync(at(`${name}.key`), key.pem);
      chmodSync(at(`${name}.key`), 0o600);
    }
    git("init", "--quiet");
    git("config", "user.email", "mira@example.com");
    git("config", "user.name", "Mira");
    git("add", "--all");
    git("commit", "--quiet", "--message", "start");
  });
  after(async () => {
    await server.stop();
    project.remove();
    registryDir.remove();
  });

  async function tollgate(...words: string[]) {
    const streams = capture();
    const code = await run([...words, "--cwd", project.dir], streams);
    return { code, out: streams.out(), err: streams.err() };
  }

  interface Trained {
    run_id: string;
    model_version: string;
    digest: string;
  }

  /** Trains in a stack, and gives what a gate would look at. */
  async function trained(stack: string, ...words: string[]) {
    const { code, out, err } = await tollgate("train", "--stack", stack, "--json", ...words);
    assert.equal(code, 0, out + err);
    const { run_id: runId, model_version: version, digest } = JSON.parse(out) as Trained;
    const pin = { name: "made-model", version, digest };
    const provenance = await fetchProvenance(await client(), runId, pin);
    const trust = trustOf(await settings("prod"));
    return { pin, runId, err, claim: { stack: "prod", pin, provenance, trust } };
  }

  it("signs how exactly these bytes were made, whatever the training wrote into tags", async () => {
    const before = Date.now();
    const { pin, runId, claim } = await trained("prod", "--key", at("mira.key"));
    const bytes = await digestOfModelVersion(await client(), pin.name, pin.version);
    assert.equal(pin.digest, bytes);
    const { startedAt, finishedAt, signer, ...proven } = trainingOf(claim)!;
    assert.ok(before <= Date.parse(startedAt) && startedAt < finishedAt);
    assert.deepEqual(signer.principals, ["mira@example.com"]);
    assert.deepEqual(proven, {
      by: "mira@example.com",
      version: pin.version,
      copied: false,
      stack: "prod",
      command: ["python", "train.py"],
      parameters: { weights: "1" },
      data: "train.csv",
      dataVersion: "v7",
      trainingDataDigest: sha256("y\n1\n"),
      evaluationDataDigest: sha256("y\n0\n"),
      requirementsDigest: sha256(readFileSync((await settings("prod")).requirements)),
      promotedFrom: null,
      author: "mira@example.com",
      gitCommit: git("rev-parse", "HEAD"),
      gitDirty: false,
      keyId: mira.keyId,
      tollgate: proven.tollgate,
      runId,
    });
  });

  it("never shows the training where the key is", async () => {
    const given = {
      TOLLGATE_SIGNING_KEY: at("mira.key"),
      TOLLGATE_SIGNING_PASSPHRASE: "not needed",
    };
    const kept = Object.keys(given).map((name) => [name, process.env[name]] as const);
    Object.assign(process.env, given);
    try {
      const { claim } = await trained("prod");
      assert.ok("training" in proofOf(claim), "the key that the variable names signs");
      const seen = JSON.parse(readFileSync(at(".tollgate", "seen.json"), "utf8")) as string[];
      assert.ok(seen.includes("PARAM_WEIGHTS"));
      assert.deepEqual(
        seen.filter((name) => name.startsWith("TOLLGATE_SIGNING")),
        [],
      );
    } finally {
      for (const [name, value] of kept) {
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
      }
    }
  });

  it("signs that the tree had changes", async () => {
    writeFileSync(at("train.py"), `${training}# changed\n`);
    try {
      const { claim } = await trained("prod", "--key", at("mira.key"));
      assert.equal(trainingOf(claim)?.gitDirty, true);
    } finally {
      writeFileSync(at("train.py"), training);
    }
  });

  it("is contradicted by tags that somebody edits afterwards", async () => {
    const { pin, claim } = await trained("prod", "--key", at("mira.key"));
    const registry = await client();
    const lie = sha256("other data");
    await registry.setModelVersionTag(pin.name, pin.version, versionTags.author, "ann@example.com");
    await registry.setModelVersionTag(pin.name, pin.version, versionTags.trainingDataDigest, lie);
    const { tags, runId } = await registry.getModelVersion(pin.name, pin.version);
    // As the evaluator reads them.
    const lineage = {
      runId,
      experiment: null,
      gitCommit: tags[versionTags.gitCommit]!,
      gitDirty: tags[versionTags.gitDirty] === "true",
      author: tags[versionTags.author]!,
      dataVersion: tags[versionTags.dataVersion]!,
      trainingDataDigest: tags[versionTags.trainingDataDigest]!,
      parameters: JSON.parse(tags[versionTags.parameters]!) as Record<string, string>,
    };
    assert.deepEqual(contradictions(trainingOf(claim)!, { ...compliantEvidence(), lineage }), [
      { what: "author", tagged: "ann@example.com", signed: "mira@example.com" },
      { what: "training data", tagged: lie, signed: sha256("y\n1\n") },
    ]);
  });

  it("doesn't count once it is altered, or put beside another version", async () => {
    const first = await trained("prod", "--key", at("mira.key"));
    const other = await trained("prod", "--param", "weights=2");
    assert.equal(other.claim.provenance, null);
    const registry = await client();
    const judge = (claim: object) => {
      const judgedAt = new Date().toISOString();
      return trainingSigned.check(candidate({ ...claim, judgedAt }), {})[0]!;
    };
    assert.equal(judge(first.claim).passed, true);
    await storeProvenance(registry, other.runId, other.pin, first.claim.provenance!);
    const moved = await fetchProvenance(registry, other.runId, other.pin);
    assert.equal(judge({ ...other.claim, provenance: moved }).code, "signature-for-another");

    const envelope = JSON.parse(first.claim.provenance!) as { payload: string };
    const statement = Buffer.from(envelope.payload, "base64").toString();
    const payload = Buffer.from(statement.replace('"weights":"1"', '"weights":"3"'));
    const altered = JSON.stringify({ ...envelope, payload: payload.toString("base64") });
    await storeProvenance(registry, first.runId, first.pin, altered);
    const read = await fetchProvenance(registry, first.runId, first.pin);
    assert.equal(judge({ ...first.claim, provenance: read }).code, "signature-invalid");
  });

  it("refuses a key that may not train before anything is trained, where that stops releases", async () => {
    const registry = await client();
    const versions = async () => (await registry.searchModelVersions("name='made-model'")).length;
    const before = await versions();
    const refused = await tollgate("train", "--stack", "prod", "--key", at("ann.key"));
    assert.equal(refused.code, 1);
    assert.match(
      refused.err,
      /A training that \S+ann\.key signs would not count in prod, as the key of ann@example\.com may not sign for tollgate-training: give another --key, or have this line reviewed in signers\/prod\.allowed_signers: <who> namespaces="tollgate-training" ssh-ed25519 \S+\n$/,
    );
    const missing = await tollgate("train", "--stack", "prod", "--key", at("nothing.key"));
    assert.equal(missing.code, 1);
    assert.match(missing.err, /nothing\.key can't be read/);
    assert.equal(await versions(), before);
  });

  it("says so where it only warns, and signs: bytes that are promoted are judged elsewhere", async () => {
    const { err, claim } = await trained("staging", "--key", at("mira.key"));
    assert.match(
      err,
      /would not count in staging, as its key .* the allowed-signers file names nobody/,
    );
    assert.equal(trainingOf(claim)?.copied, true);
  });

  it("says that prod will refuse what nobody signs", async () => {
    const { err, claim } = await trained("prod");
    assert.match(
      err,
      /Nobody signs this training, so prod will refuse the version: give --key <file>/,
    );
    assert.equal(claim.provenance, null);
  });

  it("refuses a training that gives a version of before for its own", async () => {
    const refused = await tollgate("train", "--stack", "prod", "--key", at("mira.key"), "--param", "again=1"); // prettier-ignore
    assert.equal(refused.code, 1);
    assert.match(refused.err, /printed version 1 of made-model, which was there before it began/);
  });

  it("refuses a training during which its data changed", async () => {
    const data = readFileSync(at("train.csv"));
    try {
      const refused = await tollgate("train", "--stack", "prod", "--key", at("mira.key"), "--param", "touches=1"); // prettier-ignore
      assert.equal(refused.code, 1);
      assert.match(refused.err, /The training data at \S+train\.csv changed while version \d+ was/);
      const last = Number(/version (\d+) was/.exec(refused.err)![1]);
      const registry = await client();
      const { runId } = await registry.getModelVersion("made-model", String(last));
      const pin = { name: "made-model", version: String(last), digest: "" };
      assert.equal(await fetchProvenance(registry, runId!, pin), null);
    } finally {
      writeFileSync(at("train.csv"), data);
    }
  });

  for (const [title, parameter, why] of [
    ["the training itself", "fails=1", /; its last line was: out of memory\. /],
    ["what is recorded of it", "claims=r9", /printed run r9 and version \d+ of made-model, but /],
  ] as const) {
    it(`says which version was registered all the same, where ${title} fails`, async () => {
      const registry = await client();
      const versions = async () => (await registry.searchModelVersions("name='made-model'")).length;
      const before = await versions();
      const failed = await tollgate("train", "--stack", "staging", "--param", parameter);
      assert.equal(failed.code, 1);
      assert.match(failed.err, why);
      const newest = await versions();
      assert.equal(newest, before + 1);
      assert.ok(
        failed.err.includes(
          ` Version ${newest} of made-model was registered before this failed, and stays without the lineage that gates ask for: once the cause is mended, run \`tollgate train --stack staging\` again, which registers another version.`,
        ),
        failed.err,
      );
    });
  }

  it("keeps no private key in registry, project state or output", async () => {
    const { runId, pin, err } = await trained("prod", "--key", at("mira.key"));
    const stored = await (await client()).artifacts.downloadRunArtifact(runId, provenancePath(pin));
    const secret = mira.pem.split("\n")[1]!;
    for (const text of [stored.toString(), err]) assert.ok(!text.includes(secret));
    assert.ok(!existsSync(at(".tollgate", "prod", "secrets")));
  });
});
