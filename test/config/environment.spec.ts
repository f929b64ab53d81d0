import assert from "node:assert/strict";
import { environment, variables } from "../../config/environment";

describe("environment", () => {
  it("has the variables that are documented and the one that is named, no others", () => {
    const from = { MLFLOW_TRACKING_TOKEN: "t", OTHER_TOKEN: "o", HOME: "/root" };
    const values = environment("OTHER_TOKEN", from);
    assert.deepEqual(Object.keys(values), [...Object.keys(variables), "OTHER_TOKEN"]);
    assert.equal(values["MLFLOW_TRACKING_TOKEN"], "t");
    assert.equal(values["OTHER_TOKEN"], "o");
    assert.ok(Object.isFrozen(values));
  });

  it("takes an empty value for one that isn't set", () => {
    const values = environment("MLFLOW_TRACKING_TOKEN", { MLFLOW_TRACKING_TOKEN: "" });
    assert.equal(values["MLFLOW_TRACKING_TOKEN"], undefined);
  });
});
