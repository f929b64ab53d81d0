import assert from "node:assert/strict";
import { operationsOf } from "../../../runtimes";

describe("operations of runtime local", () => {
  it("need no plugin of the engine, so nothing is made in the project folder for one", async () => {
    const environment = () => assert.fail("the engine's environment was asked for");
    await operationsOf({ runtime: "local" }).ensurePlugins({ binary: "pulumi" }, environment);
  });
});
