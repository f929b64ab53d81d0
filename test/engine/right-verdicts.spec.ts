// Verdicts that used to be about something else than they said, with the commands that a user has, on a real registry: a
// class that is never predicted, two versions whose code has one module name, and versions that share a run and a number.
import assert from "node:assert/strict";
import path from "node:path";
import { runPython, testPython } from "../support/mlflow";
import { TestProject, type CommandResult } from "../support/project";

const minutes = (n: number) => n * 60_000;

/**
 * In a folder: rows of 100 amounts, and models of them in the registry.
 *
 * - `never-fraud` 1 says legit of everything; `fraud.csv` has 10 rows of fraud in 100.
 * - `verdicts` 1 is right on every row of `amounts.csv` and `verdicts` 2 on 71 of 100, each by its own module `verdicts`.
 * - `beside` 1 is of the same run as `verdicts` 1.
 */
const register = `
import pathlib, sys, mlflow, numpy, pandas
from mlflow.models import ModelSignature, infer_signature
from mlflow.types import ColSpec, Schema
from sklearn.dummy import DummyClassifier
folder = pathlib.Path(sys.argv[1])
amounts = numpy.concatenate([numpy.linspace(-1, -0.1, 50), numpy.linspace(0.1, 1, 50)])
rows = pandas.DataFrame({"amount": amounts})
fraud = numpy.where(amounts > 0.82, "fraud", "legit")
rows.assign(label=fraud).to_csv(folder / "fraud.csv", index=False)
rows.assign(label=(amounts > 0).astype(int)).to_csv(folder / "amounts.csv", index=False)
pandas.DataFrame({"amount": amounts / 2, "label": fraud}).to_csv(folder / "train-fraud.csv", index=False)
pandas.DataFrame({"amount": amounts / 2, "label": (amounts > 0).astype(int)}).to_csv(
    folder / "train-amounts.csv", index=False)
requirements = ["mlflow", "scikit-learn", "skops"]
never = DummyClassifier(strategy="constant", constant="legit").fit(rows, fraud)
with mlflow.start_run():
    mlflow.sklearn.log_model(
        never, name="model", registered_model_name="never-fraud", pip_requirements=requirements,
        signature=infer_signature(rows, never.predict(rows)))

def code(which, above):
    path = folder / which / "verdicts.py"
    path.parent.mkdir()
    path.write_text(f'''
class Model:
    def predict(self, rows):
        return (rows["amount"] > {above}).astype(int)

def _load_pyfunc(path):
    return Model()
''')
    return str(path)

def log(registered, name, path):
    mlflow.pyfunc.log_model(
        name=name, registered_model_name=registered, loader_module="verdicts", code_paths=[path],
        pip_requirements=requirements,
        signature=ModelSignature(Schema([ColSpec("double", "amount")]), Schema([ColSpec("long")])))

right, worse = code("right", 0), code("worse", float(amounts[78]) + 1e-9)
with mlflow.start_run():
    log("verdicts", "model", right)
    log("beside", "other", right)
with mlflow.start_run():
    log("verdicts", "model", worse)
`;
const copy = `
import mlflow
mlflow.MlflowClient().copy_model_version("models:/verdicts/1", "copied")
`;

describe("verdicts about what they say, on a real registry", function () {
  this.timeout(minutes(6));
  let project: TestProject;

  const registry = () => ({
    MLFLOW_TRACKING_URI: `http://127.0.0.1:${project.ports["dev"]!.tracking}`,
  });

  /** What the stack's file says of the model from now on. */
  function about(model: string, data: string): void {
    project.configure("dev", (config) => {
      config["tollgate:model"] = model;
      config["tollgate:train"] = {
        command: ["python", "train.py"],
        data: `data/dev/train-${data}`,
      };
      config["tollgate:evaluation"] = { data: `data/dev/${data}`, label: "label" };
      config["tollgate:gates"] = {
        "metric-floor": { level: "mandatory", floors: { recall: 0.3 } },
        "better-than-deployed": { level: "mandatory", metric: "accuracy" },
        "evidence-present": { level: "mandatory" },
        "digest-matches": { level: "mandatory" },
        latency: { p95Ms: 1000 },
      };
    });
  }

  const run = (...args: string[]): Promise<CommandResult> =>
    project.tollgate([...args, "--stack", "dev"]);

  const evaluate = (version: string) => run("evaluate", "--model-version", version);

  async function tagsOf(name: string): Promise<Record<string, string>> {
    const asked = `/api/2.0/mlflow/model-versions/get?name=${name}&version=1`;
    const answer = await project.askRegistry("dev", asked);
    type Found = { model_version: { tags?: { key: string; value: string }[] } };
    const { tags = [] } = ((await answer.json()) as Found).model_version;
    return Object.fromEntries(tags.map(({ key, value }) => [key, value]));
  }

  before(async () => {
    project = await TestProject.create("churn", ["dev"]);
    about("never-fraud", "fraud.csv");
    await project.must("up", "--stack", "dev");
    const folder = path.join(project.dir, "data", "dev");
    await runPython(await testPython(), register, registry(), [folder]);
  });
  after(() => project?.dispose());

  it("refuse a model that never says fraud by its recall, though recall of legit is 1", async () => {
    const { code, stdout, stderr } = await evaluate("1");
    assert.equal(code, 2, stdout + stderr);
    assert.match(stdout, /metric-floor recall +refused +0 +0\.3/);
    assert.match(
      stdout,
      /never-fraud v1 can't be judged by its recall: it never predicts class fraud, of which data\/dev\/fraud\.csv has 10 rows;/,
    );
    assert.match(stdout, /tollgate:evaluation\.positive/);
  });

  it("compare with the deployed version's own code, where the candidate's has the same module name", async () => {
    about("verdicts", "amounts.csv");
    const first = await evaluate("1");
    assert.equal(first.code, 0, first.stdout + first.stderr);
    await project.must("pin", "1", "--stack", "dev");
    await project.must("up", "--stack", "dev");
    const { code, stdout, stderr } = await evaluate("2");
    assert.equal(code, 2, stdout + stderr);
    assert.match(
      stdout,
      /better-than-deployed accuracy: verdicts v2 has accuracy 0\.71 beside 1 of the deployed verdicts v1 on 100 rows/,
    );
  });

  for (const [name, what, make] of [
    ["beside", "another model of its run", () => Promise.resolve("")],
    ["copied", "a copy of it", async () => runPython(await testPython(), copy, registry())],
  ] as const)
    it(`accept what is served still, once ${what} was evaluated`, async () => {
      await make();
      const before = await tagsOf("verdicts");
      about(name, "amounts.csv");
      const other = await evaluate("1");
      assert.equal(other.code, 0, other.stdout + other.stderr);
      about("verdicts", "amounts.csv");
      assert.deepEqual(await tagsOf("verdicts"), before);
      assert.notEqual((await tagsOf(name))["tollgate.evidence"], before["tollgate.evidence"]);
      const preview = await run("preview", "--json");
      assert.equal(preview.code, 0, preview.stdout + preview.stderr);
      const up = await run("up");
      assert.equal(up.code, 0, up.stdout + up.stderr);
      const answer = await fetch(`http://127.0.0.1:${project.ports["dev"]!.scorer}/version`);
      const served = (await answer.json()) as { model: string; version: string };
      assert.deepEqual([served.model, served.version], ["verdicts", "1"]);
    });
});
