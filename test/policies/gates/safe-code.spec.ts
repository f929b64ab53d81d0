import assert from "node:assert/strict";
import fc from "fast-check";
import { parse as parseYaml } from "yaml";
import type { Candidate } from "../../../policies/gate";
import { safeCode } from "../../../policies/gates/safe-code";
import type { Evidence } from "../../../registry/evidence";
import { candidate, evidence, only, refusesWithoutEvidence, withEvidence } from "../fixtures";

const scanner = "fickling 0.1.12";

const sha256 = "5a".repeat(32);
const other = "b0".repeat(32);

function loading(...loads: string[]): Candidate {
  return withFiles(file({ loads }));
}

type File = Evidence["code"]["files"][number];

function file(changes: Partial<File>): File {
  return {
    path: "model.pkl",
    format: "pickle",
    loads: [],
    uses: {},
    problem: null,
    sha256,
    ...changes,
  };
}

function withFiles(...files: File[]): Candidate {
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
    ["sklearn.base", "is a module"],
    ["sklearn.base.clone", "is a function beside an entry"],
    ["sklearn.base.os.system", "walks out through an imported module"],
    ["sklearn.pipeline.Pipeline.__init__.__globals__", "walks out through a function"],
    ["sklearn.pipeline:Pipeline.fit", "is a method of an entry"],
    ["scipy.stats._distn_infrastructure.rv_continuous_frozen", "runs a text from its state"],
    ["sklearn.base.x y", "isn't a name"],
    ["", "is empty"],
  ] as const) {
    it(`refuses ${name || "an empty name"}, which ${why}`, () => {
      assert.equal(only(safeCode, loading(name)).code, "code-not-allowed");
    });
  }

  it("refuses what isn't on the list, and names it", () => {
    const { remedy, ...finding } = only(
      safeCode,
      loading("posix.system", "numpy.dtype", "builtins.eval"),
    );
    assert.match(remedy!, /read this file and add \{path: model\.pkl/);
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

  it("refuses an allowed name that is used in another way than models use it", () => {
    const uses = { "numpy.dtype": ["call(os.system)"] };
    const finding = only(safeCode, withFiles(file({ loads: ["numpy.dtype"], uses })));
    assert.equal(finding.code, "code-not-allowed");
    assert.match(finding.reason, /which loads numpy\.dtype as call\(os\.system\), not on/);
  });

  it("passes a name that the settings name exactly, and not what lies below it", () => {
    const judged = loading("mylibrary.models.Tree");
    assert.equal(only(safeCode, judged).passed, false);
    assert.equal(only(safeCode, judged, { allow: ["mylibrary.models.Tree"] }).passed, true);
    for (const name of ["mylibrary.models", "mylibrary", "mylibrary.models.Tree.fit"]) {
      assert.equal(only(safeCode, judged, { allow: [name] }).passed, false);
    }
  });

  it("passes a name that the settings name exactly, whatever it is", () => {
    assert.equal(only(safeCode, loading("os.getcwd"), { allow: ["os.getcwd"] }).passed, true);
  });

  it("refuses the usual libraries where the settings leave them out", () => {
    assert.equal(only(safeCode, candidate(), { standard: false }).code, "code-not-allowed");
  });

  it("refuses a file that can't be read, and says why", () => {
    const problem = "it ends in the middle of an opcode.";
    const finding = only(safeCode, withFiles(file({ problem })));
    assert.equal(finding.code, "code-unreadable");
    assert.equal(finding.subject, "model.pkl");
    assert.equal(
      finding.reason,
      "churn-model v2 has the file model.pkl, of which can't be told what it runs when it is loaded: it ends in the middle of an opcode (fickling 0.1.12).",
    );
  });

  it("judges each file, in the order of their paths", () => {
    const files = ["b.pkl", "a.pkl"].map((path) => file({ loads: ["os.system"], path }));
    const findings = safeCode.check(withFiles(...files), safeCode.settings.parse({}));
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
      const judged = withFiles(file({ loads: loads as never }));
      assert.equal(only(safeCode, judged).code, "wrong-type");
    });
  }

  for (const settings of [
    { allow: "numpy" },
    { allow: ["numpy."] },
    { allow: [""] },
    { deny: [] },
    { allow: ["a:B"] },
    { code: ["5a".repeat(32)] },
    { code: [{ sha256: "5a" }] },
    { code: [{ sha256: "5A".repeat(32) }] },
    { code: [{ path: "code/models.py" }] },
  ]) {
    it(`refuses the settings ${JSON.stringify(settings)}`, () => {
      assert.equal(safeCode.settings.safeParse(settings).success, false);
    });
  }

  for (const uses of [7, null, { "numpy.dtype": "value" }, { "numpy.dtype": [7] }]) {
    it(`refuses ${JSON.stringify(uses)} as uses of names`, () => {
      const judged = withFiles(file({ uses: uses as never }));
      assert.equal(only(safeCode, judged).code, "wrong-type");
    });
  }

  describe("a file that somebody has read", () => {
    const script = file({
      path: "code/models.py",
      format: "other",
      problem: "It is Python code.",
    });

    it("passes by the sha256 of its bytes, where the settings say it lies", () => {
      for (const code of [[{ sha256 }], [{ sha256: other }, { sha256, path: "code/models.py" }]]) {
        const finding = only(safeCode, withFiles(script), { code });
        assert.equal(finding.passed, true);
        assert.match(
          finding.reason,
          /whose bytes the settings allow by their sha256 5a5a5a5a5a5a /,
        );
      }
    });

    it("is refused with other bytes, and elsewhere", () => {
      for (const code of [[{ sha256: other }], [{ sha256, path: "code/other.py" }]]) {
        assert.equal(only(safeCode, withFiles(script), { code }).code, "code-unreadable");
      }
    });

    it("lets a pickle load from it by the pickle's own sha256 only", () => {
      const pickle = file({ loads: ["models.Scripted"], sha256: other });
      const judge = (settings: Record<string, unknown>) =>
        safeCode
          .check(withFiles(script, pickle), safeCode.settings.parse(settings))
          .map(({ code }) => code);
      const allow = ["models.Scripted"];
      assert.deepEqual(judge({ code: [{ sha256 }], allow }), ["ok", "code-not-allowed"]);
      assert.deepEqual(judge({ code: [{ sha256 }, { sha256: other }] }), ["ok", "ok"]);
    });
  });

  describe("a refusal tells what would allow it", () => {
    const remedyOf = (judged: Candidate, settings: Record<string, unknown> = {}) =>
      only(safeCode, judged, settings).remedy;

    it("a name of an installed library", () => {
      assert.equal(
        remedyOf(loading("mylibrary.models.Tree", "numpy.dtype")),
        "Log the model in a form that doesn't load it, or, if what an installed library does under that name may run here, add mylibrary.models.Tree to tollgate:gates.safe-code.allow in a reviewed change.",
      );
    });

    it("every name, also where the sentence lists but some, and once where it has several uses", () => {
      const names = Array.from({ length: 7 }, (_, index) => `mine.f${index}`);
      const uses = { "numpy.dtype": ["call(mine.f0)", "build(mine.f0)"] };
      const judged = withFiles(file({ loads: [...names, "numpy.dtype"], uses }));
      assert.match(remedyOf(judged)!, /, add mine\.f0, .*, mine\.f6, numpy\.dtype to /);
    });

    it("the file, where it is code", () => {
      const code = file({ path: "model.py", format: "other", problem: "It is Python code." });
      assert.equal(
        remedyOf(withFiles(code)),
        `Log the model without code of its own (or in skops format), or read this file and add {path: model.py, sha256: "${sha256}"} to tollgate:gates.safe-code.code in a reviewed change.`,
      );
    });

    it("the file, where its names are of the version's own code, or none that could be allowed", () => {
      const code = file({ path: "code/models.py", format: "other", problem: "It is Python code." });
      const pickle = file({ loads: ["models.Scripted"], sha256: other });
      const [, finding] = safeCode.check(withFiles(code, pickle), safeCode.settings.parse({}));
      assert.match(finding!.remedy!, new RegExp(`add {path: model\\.pkl, sha256: "${other}"} to`));
      assert.match(remedyOf(loading("sklearn.base.x y"))!, /add \{path: model\.pkl, sha256/);
    });

    it("is what the gate itself says, where an older scan tells no sha256", () => {
      const { sha256: _, ...code } = file({ problem: "It is Python code." });
      assert.equal(remedyOf(withEvidence("code", { files: [code] })), undefined);
    });

    it("in words that a stack's file takes as they are", () => {
      fc.assert(
        fc.property(
          fc.oneof(
            fc.constantFrom("own.py", "code/a b.py", "12", "a: b", "ä.py"),
            fc.string({ minLength: 1 }),
          ),
          fc.stringMatching(/^[0-9a-f]{64}$/),
          fc.boolean(),
          (path, digest, isCode) => {
            const problem = isCode ? "It is Python code." : null;
            const judged = withFiles(file({ path, sha256: digest, loads: ["mine.Tree"], problem }));
            const remedy = remedyOf(judged)!;
            const [, line] = /add (\{.*\}) to tollgate:gates\.safe-code\.code/.exec(remedy) ?? [];
            const [, names] = /add (.*) to tollgate:gates\.safe-code\.allow/.exec(remedy) ?? [];
            const settings = line ? { code: [parseYaml(line)] } : { allow: names!.split(", ") };
            assert.equal(only(safeCode, judged, settings).passed, true);
          },
        ),
      );
    });
  });

  describe("a scan of an older Tollgate", () => {
    const { scanned, ...code } = evidence.code;
    const old = { ...evidence, code: { ...code, files: [file({ loads: ["numpy.dtype"] })] } };

    it("has to be made again", () => {
      assert.ok(scanned);
      const finding = only(safeCode, candidate({ evidence: old }));
      assert.equal(finding.code, "not-measured");
      assert.match(finding.reason, /evaluate it again\.$/);
    });

    it("has to be made again where it found nothing", () => {
      const empty = { ...evidence, code: { ...code, files: [] } };
      assert.equal(only(safeCode, candidate({ evidence: empty })).code, "not-measured");
    });

    it("is judged by its names where the version was released before", () => {
      const history = { ...candidate().history, releasedAt: "2026-01-01T00:00:00.000Z" };
      const back = (loads: string[]) => {
        const { uses, sha256: _, ...before } = file({ loads });
        assert.deepEqual(uses, {});
        const given = { ...evidence, code: { ...code, files: [before] } };
        return only(safeCode, candidate({ evidence: given, history })).code;
      };
      assert.equal(back(["numpy.dtype"]), "ok");
      assert.equal(back(["sklearn.base.clone"]), "code-not-allowed");
    });
  });

  it("refuses without evidence", () => refusesWithoutEvidence(safeCode, "code"));

  it("can't be waived", () => assert.equal(safeCode.waivable, false));
});
