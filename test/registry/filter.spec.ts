import assert from "node:assert/strict";
import { isRegistryError } from "../../registry/errors";
import { nameFilter } from "../../registry/filter";

describe("nameFilter", () => {
  for (const [name, filter] of [
    ["churn-model", "name='churn-model'"],
    ["a b (c), d+e", "name='a b (c), d+e'"],
    ["O'Brien", `name="O'Brien"`],
    ["x' OR name='y", `name="x' OR name='y"`],
    ['the "new" one', `name='the "new" one'`],
    ['x" OR name="y', `name='x" OR name="y'`],
    ["back\\slash", "name='back\\slash'"],
    ["50%_off", "name='50%_off'"],
    ["", "name=''"],
  ] as const) {
    it(`asks for ${JSON.stringify(name)} as ${filter}`, () => {
      assert.equal(nameFilter(name), filter);
    });
  }

  for (const name of [`it's "new"`, `"'`]) {
    it(`refuses ${name}, which no filter can hold`, () => {
      assert.throws(
        () => nameFilter(name),
        (error) =>
          isRegistryError(error, "refused") && error.message.includes(JSON.stringify(name)),
      );
    });
  }
});
