// The names are what 185 fitted estimators, pipelines and searches of scikit-learn load, pickled by pickle and by joblib.
import assert from "node:assert/strict";
import { allowsName, safeNames } from "../../policies/safe-names";
import loaded from "./safe-names.json";

const allow = new Set(safeNames);

describe("allowsName", () => {
  it("allows every name that a model of scikit-learn loads", () => {
    assert.ok(loaded.length > 250);
    assert.deepEqual(
      loaded.filter((name) => !allowsName(allow, name)),
      [],
    );
  });

  it("refuses each of them with a way out behind it", () => {
    for (const end of ["__globals__", "__init__.__globals__", "os.system", "np.load"]) {
      assert.deepEqual(
        loaded.filter((name) => allowsName(allow, `${name}.${end}`)),
        [],
      );
    }
  });

  it("refuses each of them with another package in front", () => {
    assert.deepEqual(
      loaded.filter((name) => allowsName(allow, `evil.${name}`)),
      [],
    );
  });
});
