// The image of this version, with all its packages, by the command line: it is built from what earlier runs left, unless its
// packages changed, and is started as pods and containers are.
import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { buildImage } from "../../cli/image/build";
import { parseName } from "../../cli/image/names";
import { version } from "../../package.json";
import { capturedOutput } from "../cli/support/streams";
import { dockerOutput, testDocker } from "../support/docker";
import { runPython, startMlflow } from "../support/mlflow";
import { tollgate, withTestDocker } from "./docker-specs";
import { packageIndex, type PackageIndex } from "./small-serving";

const root = path.join(__dirname, "..", "..");
/** As a pod is: nobody's user, nothing to write but /tmp, no rights. */
const closed = ["--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--network", "none"];

/** Registers version 1 of a model that is one file. */
const register = `
from mlflow import MlflowClient
client = MlflowClient()
run = client.create_run("0").info.run_id
client.log_text(run, "flavors: {}\\n", "model/MLmodel")
client.create_registered_model("churn-model")
client.create_model_version("churn-model", f"runs:/{run}/model", run)
`;

describe("the image of Tollgate", function () {
  this.timeout(1_200_000);
  const { name } = withTestDocker();
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "tollgate-whole-"));
  let index: PackageIndex;

  before(async () => {
    index = await packageIndex(testDocker().wheels, folder);
  });
  after(async () => {
    await index.stop();
    fs.rmSync(folder, { recursive: true });
  });

  async function build(): Promise<{ image: string; id: string; size: number }> {
    const { base } = testDocker();
    const words = ["--tag", name, "--base", base, "--pip-conf", index.pipConf];
    const { code, document } = await tollgate("image", "build", ...words);
    assert.equal(code, 0, JSON.stringify(document));
    return document as unknown as { image: string; id: string; size: number };
  }

  it("is built, named by version and day, and runs with a read-only root as nobody", async () => {
    const { image, size } = await build();
    assert.match(image, new RegExp(`^${name}:${version.replaceAll(".", "\\.")}-\\d{8}$`));
    assert.ok(size < 1.3e9, `${size} bytes`);
    const run = (...words: string[]) =>
      dockerOutput(["run", "--rm", ...closed, image, "python", ...words]);
    assert.match(run("-m", "tollgate_serving.scorer", "--help"), /--model-uri/);
    assert.match(run("-c", "import mlflow, sklearn, os; print(os.getuid())"), /^65532$/m);
  });

  it("is the same image under the same tag when nothing changed", async () => {
    const [first, again] = [await build(), await build()];
    assert.deepEqual([again.image, again.id], [first.image, first.id]);
  });

  it("takes a version out of a stack's registry", async () => {
    const { image } = await build();
    const place = fs.mkdtempSync(path.join(folder, "project-"));
    const registry = await startMlflow({ dir: path.join(place, "registry") });
    try {
      await runPython(registry.python, register, { MLFLOW_TRACKING_URI: registry.uri });
      fs.writeFileSync(path.join(place, "Pulumi.yaml"), "name: churn\nruntime: nodejs\n");
      const settings = [
        "config:",
        "  tollgate:tier: dev",
        "  tollgate:model: churn-model",
        `  tollgate:trackingServer: { uri: "${registry.uri}" }`,
        "",
      ];
      fs.writeFileSync(path.join(place, "Pulumi.dev.yaml"), settings.join("\n"));
      const bake = (...more: string[]) =>
        tollgate("image", "build", "--model", "1", "--cwd", place, "--stack", "dev", ...more);
      const nowhere = await bake();
      assert.deepEqual([nowhere.code, nowhere.document.error?.code], [64, "usage"]);

      const { document } = await bake("--base", image, "--tag", `${name}-churn`);
      const baked = document as unknown as { image: string; labels: Record<string, string> };
      assert.match(baked.image, new RegExp(`^${name}-churn:1-\\d{8}$`), JSON.stringify(document));
      const hex = baked.labels["dev.tollgate.model.digest"]!.replace("sha256:", "");
      const file = `/models/${hex}/model/MLmodel`;
      const shown = dockerOutput(["run", "--rm", ...closed, baked.image, "cat", file]);
      assert.equal(shown, "flavors: {}\n");
    } finally {
      await registry.stop();
    }
  });

  it("takes no bytes but those of the digest", async () => {
    const { image } = await build();
    const held = path.join(folder, "held");
    const hex = "a".repeat(64);
    fs.mkdirSync(path.join(held, hex, "model"), { recursive: true });
    fs.writeFileSync(path.join(held, hex, "model", "MLmodel"), "flavors: {}\n");
    const request = {
      serving: path.join(root, "serving"),
      version,
      revision: "r",
      now: new Date(),
      base: image,
      model: { name: "churn", version: "7", digest: `sha256:${hex}`, folder: held },
    };
    const building = buildImage(request, parseName(`${name}-churn`, "--tag"), capturedOutput());
    await assert.rejects(building, (error: Error) => {
      fs.rmSync(path.dirname(/is in (\S+):\n/.exec(error.message)![1]!), { recursive: true });
      return /the model version of this build has digest sha256:/.test(error.message);
    });
  });
});
