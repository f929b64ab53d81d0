import assert from "node:assert/strict";
import type { Candidate } from "../../../policies/gate";
import { safeCode } from "../../../policies/gates/safe-code";
import { safeNames } from "../../../policies/safe-names";
import { candidate, evidence, only, refusesWithoutEvidence, withEvidence } from "../fixtures";

const scanner = "fickling 0.1.12";

function loading(...loads: string[]): Candidate {
  const files = [{ path: "model.pkl", format: "pickle" as const, loads, problem: null }];
  return withEvidence("code", { files });
}

describe("safeCode", () => {
  it("passes a model that loads only what it is made of", () => {
    assert.deepEqual(only(safeCode, candidate()), {
      passed: true,
      subject: "model.pkl",
      code: "ok",
      value: 0,
      threshold: 0,
      margin: 0,
      reason:
        "churn-model v2 has the file model.pkl, which loads 2 names, all on the allow-list (fickling 0.1.12).",
    });
  });

  for (const name of [
    "sklearn.ensemble._hist_gradient_boosting.gradient_boosting.HistGradientBoostingClassifier",
    "sklearn._loss._loss.__pyx_unpickle_CyHalfMultinomialLoss",
    "sklearn.metrics._dist_metrics.newObj",
    "numpy._core.multiarray._reconstruct",
    "numpy.random._pickle.__randomstate_ctor",
    "numpy.log1p",
    "scipy.sparse._csr.csr_matrix",
    "pandas.core.indexes.base._new_Index",
    "pandas._libs.internals._unpickle_block",
    "joblib.numpy_pickle.NumpyArrayWrapper",
    "xgboost.sklearn.XGBClassifier",
    "builtins.slice",
  ]) {
    it(`passes ${name}`, () => assert.equal(only(safeCode, loading(name)).passed, true));
  }

  for (const [name, why] of [
    ["os.system", "runs a command"],
    ["builtins.eval", "runs code"],
    ["builtins.getattr", "reaches anything"],
    ["numpy.core._ufunc_reconstruct", "imports anything"],
    ["numpy.load", "unpickles another file"],
    ["joblib.load", "unpickles another file"],
    ["pandas.read_pickle", "unpickles another file"],
    ["functools.partial", "calls anything"],
    ["sklearnevil.linear_model.Model", "only begins like an entry"],
    ["sklearn.base.os.system", "walks out through an imported module"],
    ["sklearn.pipeline.Pipeline.__init__.__globals__", "walks out through a function"],
    ["sklearn.linear_model._base.np.load", "walks out by another name of numpy"],
    ["sklearn.base.", "isn't a name"],
    ["sklearn.base.x y", "isn't a name"],
    ["", "is empty"],
  ] as const) {
    it(`refuses ${name || "an empty name"}, which ${why}`, () => {
      assert.equal(only(safeCode, loading(name)).code, "code-not-allowed");
    });
  }

  it("refuses what isn't on the list, and names it", () => {
    const finding = only(safeCode, loading("posix.system", "numpy.dtype", "builtins.eval"));
    assert.deepEqual(finding, {
      passed: false,
      subject: "model.pkl",
      code: "code-not-allowed",
      value: 2,
      threshold: 0,
      margin: -2,
      reason:
        "churn-model v2 has the file model.pkl, which loads builtins.eval, posix.system, not on the allow-list (fickling 0.1.12).",
    });
  });

  it("lists at most five names", () => {
    const many = Array.from({ length: 7 }, (_, index) => `evil.f${index}`);
    assert.match(
      only(safeCode, loading(...many)).reason,
      /loads evil\.f0, evil\.f1, evil\.f2, evil\.f3, evil\.f4 and 2 more, not on/,
    );
  });

  it("passes a library that the settings name, and what lies below it", () => {
    const judged = loading("mylibrary.models.Tree");
    assert.equal(only(safeCode, judged).passed, false);
    assert.equal(only(safeCode, judged, { allow: ["mylibrary.models"] }).passed, true);
    assert.equal(only(safeCode, judged, { allow: ["mylibrary.models.Tree"] }).passed, true);
    assert.equal(only(safeCode, judged, { allow: ["mylibrary.model"] }).passed, false);
  });

  it("passes a name that the settings name exactly, whatever it is", () => {
    assert.equal(only(safeCode, loading("os.getcwd"), { allow: ["os.getcwd"] }).passed, true);
  });

  it("refuses the usual libraries where the settings leave them out", () => {
    assert.equal(only(safeCode, candidate(), { standard: false }).code, "code-not-allowed");
  });

  it("refuses a file that can't be read, and says why", () => {
    const problem = "it ends in the middle of an opcode.";
    const files = [{ path: "model.pkl", format: "pickle" as const, loads: [], problem }];
    const finding = only(safeCode, withEvidence("code", { files }));
    assert.equal(finding.code, "code-unreadable");
    assert.equal(finding.subject, "model.pkl");
    assert.equal(
      finding.reason,
      "churn-model v2 has the file model.pkl, of which can't be told what it runs when it is loaded: it ends in the middle of an opcode (fickling 0.1.12).",
    );
  });

  it("judges each file, in the order of their paths", () => {
    const file = { format: "pickle" as const, loads: ["os.system"], problem: null };
    const files = ["b.pkl", "a.pkl"].map((path) => ({ ...file, path }));
    const findings = safeCode.check(withEvidence("code", { files }), safeCode.settings.parse({}));
    assert.deepEqual(
      findings.map(({ subject, code }) => `${subject} ${code}`),
      ["a.pkl code-not-allowed", "b.pkl code-not-allowed"],
    );
  });

  it("passes a version without such files", () => {
    assert.equal(
      only(safeCode, withEvidence("code", { files: [] })).reason,
      "churn-model v2 has no file that runs code when it is loaded (fickling 0.1.12).",
    );
  });

  it("refuses a version that was never scanned", () => {
    for (const code of [
      { scanner: "", files: [] },
      { scanner, files: null },
    ]) {
      const judged = candidate({ evidence: { ...evidence, code: code as never } });
      assert.equal(only(safeCode, judged).code, "not-measured");
    }
  });

  for (const loads of [null, "os.system", [7]]) {
    it(`refuses ${JSON.stringify(loads)} as names`, () => {
      const files = [{ path: "model.pkl", format: "pickle", loads, problem: null }];
      const judged = withEvidence("code", { files } as never);
      assert.equal(only(safeCode, judged).code, "wrong-type");
    });
  }

  for (const settings of [
    { allow: "numpy" },
    { allow: ["numpy."] },
    { allow: [""] },
    { deny: [] },
  ]) {
    it(`refuses the settings ${JSON.stringify(settings)}`, () => {
      assert.equal(safeCode.settings.safeParse(settings).success, false);
    });
  }

  it("names each safe name once, and no whole package", () => {
    assert.equal(new Set(safeNames).size, safeNames.length);
    assert.deepEqual(
      safeNames.filter((name) => !name.includes(".")),
      [],
    );
  });

  it("refuses without evidence", () => refusesWithoutEvidence(safeCode, "code"));

  it("can't be waived", () => assert.equal(safeCode.waivable, false));
});
