import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import fc from "fast-check";
import type { Settings } from "../../../config/settings";
import {
  asTrainingResult,
  digestOfData,
  parseParameters,
  parseTrainingResult,
  skopsArgument,
  trainingVariables,
} from "../../../cli/training/training";
import { temporaryFolder } from "../support/project";

const result = { run_id: "r1", accuracy: 0.9, model_version: "2" };

describe("parseTrainingResult", () => {
  it("takes the last result, whatever was printed around it", () => {
    const stdout = `epoch 1\n${JSON.stringify({ ...result, accuracy: 0.1 })}\n{"loss": 1}\n${JSON.stringify(result)}\nView run at http://x\n`;
    assert.deepEqual(parseTrainingResult(stdout), result);
  });

  it("is null when there is none", () => {
    assert.equal(parseTrainingResult("trained\n"), null);
    assert.equal(parseTrainingResult(""), null);
  });

  it("finds a result after any other lines", () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (lines) => {
        const stdout = [...lines, JSON.stringify(result)].join("\n");
        assert.deepEqual(parseTrainingResult(stdout), result);
      }),
    );
  });
});

describe("asTrainingResult", () => {
  it("takes a version as a number, as older clients print it", () => {
    assert.deepEqual(asTrainingResult('{"run_id":"r1","accuracy":0.9,"model_version":2}'), result);
  });

  for (const [what, change] of [
    ["no run", { run_id: undefined }],
    ["an empty run", { run_id: "" }],
    ["an accuracy in quotes", { accuracy: "0.9" }],
    ["version 0", { model_version: "0" }],
    ["a version that is no number", { model_version: "latest" }],
  ] as const) {
    it(`refuses ${what}`, () => {
      assert.equal(asTrainingResult(JSON.stringify({ ...result, ...change })), null);
    });
  }

  it("takes what has no accuracy, such as a regression, with its own metrics", () => {
    const { accuracy: _, ...without } = result;
    for (const change of [{}, { accuracy: null }, { note: "done" }]) {
      assert.deepEqual(asTrainingResult(JSON.stringify({ ...without, ...change })), without);
    }
    const regression = { ...without, r2: 0.7, mae: 1200 };
    assert.deepEqual(asTrainingResult(JSON.stringify(regression)), regression);
  });

  it("refuses NaN, which is no JSON", () => {
    assert.equal(asTrainingResult('{"run_id":"r","accuracy":NaN,"model_version":"1"}'), null);
  });
});

describe("skopsArgument", () => {
  const said = (types: string) =>
    `Traceback\nmlflow.exceptions.MlflowException: The saved sklearn model references untrusted types. Root error: Untrusted types found in the file: [${types}].\n\n- a: stores raw node indices [left, right].\nOnly add the specific types\n`;

  for (const [types, argument] of [
    ["'sklearn.tree._tree.Tree'", '["sklearn.tree._tree.Tree"]'],
    [
      "'functools.partial', 'sklearn.utils.validation.check_array'",
      '["functools.partial", "sklearn.utils.validation.check_array"]',
    ],
  ] as const) {
    it(`is what log_model needs for ${types}`, () => {
      assert.equal(
        skopsArgument(said(types)),
        `MLflow saves this model by skops, which wants these types named: pass skops_trusted_types=${argument} to log_model.`,
      );
    });
  }

  it("is null where something else went wrong", () => {
    assert.equal(skopsArgument("ValueError: no ['x']"), null);
    assert.equal(skopsArgument(said("")), null);
  });
});

describe("parseParameters", () => {
  it("splits at the first equals sign", () => {
    assert.deepEqual(parseParameters(["model=logreg", "query=a=b", "empty="]), {
      model: "logreg",
      query: "a=b",
      empty: "",
    });
  });

  it("refuses what is not name=value", () => {
    assert.throws(() => parseParameters(["model"]), {
      message: '--param "model" is not name=value: write it like --param model=logreg.',
    });
  });
});

describe("trainingVariables", () => {
  it("names the registry's experiment, the data and the parameters", () => {
    const settings = {
      projectDir: "/p",
      stack: "dev",
      model: "m",
      experiment: "m_dev",
      evaluation: { data: "eval.csv", label: "y", task: "classification" },
    } as unknown as Settings;
    assert.deepEqual(trainingVariables(settings, "/p/d.csv", "v1", { "max-iter": "5" }), {
      MLFLOW_EXPERIMENT_NAME: "m_dev",
      MODEL_NAME: "m",
      DATA_PATH: "/p/d.csv",
      EVAL_DATA_PATH: "/p/eval.csv",
      DATA_VERSION: "v1",
      TOLLGATE_STACK: "dev",
      PARAM_MAX_ITER: "5",
    });
  });
});

describe("digestOfData", () => {
  it("is the sha256 of a file, and depends on every file of a folder", async () => {
    const folder = temporaryFolder({ "a.csv": "1\n", "data/x.csv": "1", "data/y/z.csv": "2" });
    const sha = createHash("sha256").update("1\n").digest("hex");
    assert.equal(await digestOfData(join(folder.dir, "a.csv")), `sha256:${sha}`);
    const before = await digestOfData(join(folder.dir, "data"));
    const { writeFileSync } = await import("node:fs");
    writeFileSync(join(folder.dir, "data/y/z.csv"), "3");
    assert.notEqual(await digestOfData(join(folder.dir, "data")), before);
    folder.remove();
  });
});
