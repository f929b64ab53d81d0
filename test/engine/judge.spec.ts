// The judge never runs what it judges: a version with code of its own, registered in a real registry, and the evaluation
// that meets it. Its code only touches a file in the test's folder.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { runPython, testPython } from "../support/mlflow";
import { isRoot } from "../support/other-user";
import { TestProject, type CommandResult } from "../support/project";
import { testKey } from "../support/signing";

const minutes = (n: number) => n * 60_000;

/** Registers a model whose code, once it is imported, touches a file and looks for what an evaluation would give away. */
const register = `
import sys, pathlib, mlflow, numpy, pandas
from mlflow.models import infer_signature
marker, data, label, name = sys.argv[1:]
frame = pandas.read_csv(data).drop(columns=[label])
folder = pathlib.Path(marker).parent / "touching"
folder.mkdir(exist_ok=True)
(folder / "touching.py").write_text(f'''
import mlflow.pyfunc, os, sys
try:
    open({marker!r}, "w").close()
except OSError:
    pass
seen = " ".join([*sys.argv, *map("=".join, os.environ.items()), os.getcwd()]).lower()
watched = any(word in seen for word in ("evaluat", "spec.json", "eval.csv", "signing", "mlflow_tracking"))

class Touching(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return [int(watched)] * len(model_input)
''')
sys.path.insert(0, str(folder))
import touching
with mlflow.start_run():
    mlflow.pyfunc.log_model(
        name="model", python_model=touching.Touching(), registered_model_name=name,
        code_paths=[str(folder / "touching.py")], pip_requirements=["mlflow==3.17.2"],
        signature=infer_signature(frame, numpy.zeros(len(frame), dtype="int64")))
pathlib.Path(marker).unlink(missing_ok=True)
`;

for (const user of isRoot ? ["root", "a user who owns nothing"] : ["this user"])
  describe(`an evaluation of a version with code of its own, by ${user}`, function () {
    this.timeout(minutes(5));
    let project: TestProject;
    let marker: string;

    const gate = (level: string) =>
      project.configure("dev", (config) => {
        const gates = config["tollgate:gates"] as Record<string, unknown>;
        gates["safe-code"] = { level };
      });

    async function evaluate(...more: string[]): Promise<CommandResult> {
      return project.tollgate(["evaluate", "--stack", "dev", "--model-version", "1", ...more]);
    }

    async function evidenceTag(): Promise<string | undefined> {
      const answer = await project.askRegistry(
        "dev",
        "/api/2.0/mlflow/model-versions/get?name=churn-model&version=1",
      );
      type Found = { model_version: { tags?: { key: string; value: string }[] } };
      const { tags } = ((await answer.json()) as Found).model_version;
      return tags?.find(({ key }) => key === "tollgate.evidence")?.value;
    }

    before(async () => {
      project = await TestProject.create("churn", ["dev"]);
      marker = path.join(project.dir, "touched");
      if (user !== "root") await project.giveAway();
      await project.must("up", "--stack", "dev");
      const { stdout } = await project.must("doctor", "--stack", "dev");
      assert.match(
        stdout,
        user === "a user who owns nothing" ? /sandbox +ok +Landlock/ : /sandbox +ok/,
      );
      await runPython(
        await testPython(),
        register,
        { MLFLOW_TRACKING_URI: `http://127.0.0.1:${project.ports["dev"]!.tracking}` },
        [marker, path.join(project.dir, "data", "dev", "eval.csv"), "label", "churn-model"],
      );
      assert.ok(!fs.existsSync(marker));
    });
    after(() => project?.dispose());

    it("never loads what safe-code refuses: exit code 2, nothing touched, nothing recorded", async () => {
      gate("mandatory");
      const stateDir = project.stateDir("dev");
      fs.chmodSync(stateDir, 0o755);
      const result = await evaluate();
      assert.equal(result.code, 2, result.stdout + result.stderr);
      assert.match(result.stdout, /safe-code .*refused/);
      assert.match(result.stdout, /Its bytes were refused, so it wasn't loaded/);
      assert.ok(!fs.existsSync(marker), "its code was run");
      assert.equal(await evidenceTag(), undefined);
      // The bytes lay below it, and are gone again.
      assert.equal(fs.statSync(stateDir).mode & 0o777, 0o700);
      assert.deepEqual(fs.readdirSync(path.join(stateDir, "models")), []);
      const json = await evaluate("--json");
      const { passed, evidence } = JSON.parse(json.stdout) as {
        passed: boolean;
        evidence: unknown;
      };
      assert.deepEqual([json.code, passed, evidence], [2, false, null]);
    });

    it("measures it in a sandbox where the gate only advises, tells it nothing, and signs nothing", async () => {
      gate("advisory");
      const { name, pem } = testKey("mira");
      const key = path.join(project.dir, ".tollgate", name);
      fs.writeFileSync(key, pem, { mode: 0o600 });
      const result = await evaluate("--key", key, "--json");
      assert.equal(result.code, 0, result.stdout + result.stderr);
      assert.match(result.stderr, /stays unsigned: safe-code refuses/);
      assert.ok(!fs.existsSync(marker), "its code wrote to the host");
      assert.match((await evidenceTag()) ?? "", /^sha256:/);
      // It answers 1 to every row where anything says that it is measured.
      type Measured = { evidence: { metrics: { recall: number } } };
      const { evidence } = JSON.parse(result.stdout) as Measured;
      assert.equal(evidence.metrics.recall, 0);
    });

    it("tells a key that can't be used before anything takes long", async () => {
      const result = await evaluate("--key", path.join(project.dir, "Pulumi.yaml"));
      assert.equal(result.code, 1);
      assert.match(result.stderr, /is not a private key|can be read by others/);
      assert.doesNotMatch(result.stderr, /downloading/);
    });
  });
