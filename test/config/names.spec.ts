import assert from "node:assert/strict";
import fc from "fast-check";
import { asLabel, labelValue } from "../../config/names";

const name = fc.oneof(fc.string({ unit: "grapheme" }), fc.constantFrom("my model", "模型", "(a)"));

describe("asLabel", () => {
  for (const [given, label] of [
    ["churn-model-prod", "churn-model-prod"],
    ["Churn_Model.v2-prod", "churn-model-v2-prod"],
    ["my model-prod", "my-model-prod-0b3d5c"],
    ["模型-prod", "prod-e5d3f0"],
  ] as const) {
    it(`makes ${label} of ${given}`, () => {
      const hash = /-[0-9a-f]{6}$/;
      assert.equal(asLabel(given).replace(hash, "-hash"), label.replace(hash, "-hash"));
    });
  }

  it("is a label of RFC 1123 for any name that isn't empty of what one may hold", () => {
    fc.assert(
      fc.property(name, (given) => {
        assert.match(asLabel(`${given}-dev`), /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/);
      }),
    );
  });

  it("tells names apart that come to the same but for a space or another letter", () => {
    const names = ["my model", "my-model", "my  model", "my+model", "mymodèl", "mymod模l"];
    for (const of of [asLabel, labelValue]) assert.equal(new Set(names.map(of)).size, names.length);
  });
});

describe("labelValue", () => {
  it("leaves alone what Kubernetes takes", () => {
    for (const given of ["churn-model", "Churn_Model.v2", "7"]) {
      assert.equal(labelValue(given), given);
    }
  });

  it("is a value of a label for any name", () => {
    fc.assert(
      fc.property(name, (given) => {
        assert.match(labelValue(given), /^([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?$/);
      }),
    );
  });
});
