import assert from "node:assert/strict";
import { foreignIn, inWords, safeNames, type Uses } from "../../policies/safe-names";

const nothing: ReadonlySet<string> = new Set();

/** What isn't allowed, in words. */
function foreign(
  file: { loads: readonly string[]; uses?: Uses | undefined },
  allow: ReadonlySet<string> = nothing,
): string[] {
  return foreignIn(file, allow, safeNames).map(inWords);
}

describe("safeNames", () => {
  it("holds exact names with their uses, no module as a whole", () => {
    assert.ok(safeNames.size > 300, `${safeNames.size} names`);
    for (const [name, uses] of safeNames) {
      assert.match(name, /^[A-Za-z_][\w.]*(:[A-Za-z_][\w.]*)?$/);
      assert.ok(name.includes("."), name);
      assert.ok(uses.size > 0, name);
    }
  });

  it("names nothing that imports, evaluates, opens or looks up what a file tells it to", () => {
    const dangerous = [
      "builtins.eval",
      "builtins.exec",
      "builtins.getattr",
      "builtins.open",
      "joblib.load",
      "numpy._core._ufunc_reconstruct",
      "numpy.core._ufunc_reconstruct",
      "numpy.load",
      "operator.attrgetter",
      "operator.methodcaller",
      "os.system",
      "pandas.read_pickle",
      "sklearn.base.clone",
      "sklearn.utils._testing.assert_run_python_script_without_output",
    ];
    assert.deepEqual(
      dangerous.filter((name) => safeNames.has(name)),
      [],
    );
    const modules = /^(os|posix|nt|subprocess|sys|importlib|scipy\.stats|operator|functools)\b/;
    assert.deepEqual(
      [...safeNames.keys()].filter((name) => modules.test(name)),
      ["functools.partial"],
    );
  });

  it("knows functools.partial of one function of scikit-learn's, which HistGradientBoosting holds, and of no other", () => {
    assert.deepEqual(
      [...safeNames.get("functools.partial")!],
      [
        "build(sklearn.utils.validation.check_array, tuple, dict, none)",
        "call(sklearn.utils.validation.check_array)",
        "skops PartialNode(sklearn.utils.validation.check_array)",
      ],
    );
  });

  it("calls a function of numpy's that makes what it is given only with the classes that models give it", () => {
    const made = [...safeNames.get("numpy.random._pickle.__bit_generator_ctor")!];
    const calls = made.filter((use) => !use.startsWith("build("));
    assert.ok(calls.length > 0);
    for (const use of calls) assert.match(use, /^call\(numpy\.random\._\w+\.\w+\)$/);
  });
});

describe("foreignIn", () => {
  const logistic = "sklearn.linear_model._logistic.LogisticRegression";

  for (const [what, uses, expected] of [
    ["as models do", { [logistic]: ["new()", "build(dict)"] }, []],
    [
      "called, where models only make it",
      { [logistic]: ["call(text)"] },
      [`${logistic} as call(text)`],
    ],
    ["with another state", { [logistic]: ["build(text)"] }, [`${logistic} as build(text)`]],
    [
      "as an object that takes entries",
      { [logistic]: ["items", "new()"] },
      [`${logistic} as items`],
    ],
    ["of a foreign name, once", { "os.system": ["call(text)", "value"] }, ["os.system"]],
  ] as const) {
    it(`judges a use ${what}`, () => {
      const loads = Object.keys(uses);
      assert.deepEqual(foreign({ loads, uses }), expected);
    });
  }

  it("takes functools.partial for what it holds, and for anything where no use was told", () => {
    const partial = "functools.partial";
    const check = "sklearn.utils.validation.check_array";
    const loads = [check, partial];
    const held = (uses?: Record<string, string[]>) => foreign({ loads, uses });
    assert.deepEqual(held({ [partial]: [`call(${check})`], [check]: ["value"] }), []);
    for (const other of ["numpy.clip", `${check}.__globals__`, "another thing"]) {
      for (const use of [
        `call(${other})`,
        `skops PartialNode(${other})`,
        `build(${other}, tuple)`,
      ]) {
        assert.deepEqual(held({ [partial]: [use] }), [`${partial} as ${use}`]);
      }
    }
    const nowhere: (Record<string, string[]> | undefined)[] = [undefined, {}, { [partial]: [] }];
    for (const untold of nowhere) {
      assert.deepEqual(held(untold), [partial]);
    }
  });

  it("refuses what lies below a name, or beside it", () => {
    const loads = [
      `${logistic}.fit`,
      `${logistic}:fit`,
      "sklearn.linear_model",
      `evil.${logistic}`,
    ];
    assert.deepEqual(foreign({ loads }), [...loads].sort());
  });

  it("isn't led astray by names that every object of JavaScript has", () => {
    const loads = ["constructor", "__proto__", "toString"];
    assert.deepEqual(foreign({ loads, uses: {} }), [...loads].sort());
  });

  it("allows any use of a name that the settings name", () => {
    const file = { loads: ["mine.Tree"], uses: { "mine.Tree": ["call(text)", "value"] } };
    assert.deepEqual(foreign(file, new Set(["mine.Tree"])), []);
    assert.deepEqual(foreign(file, new Set(["mine"])), ["mine.Tree"]);
  });
});
