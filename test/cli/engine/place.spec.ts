import assert from "node:assert/strict";
import { inPlace, recordedPlace } from "../../../cli/engine/place";
import type { ExportedState } from "../../../cli/engine/stack";

const state = (
  inputs: Record<string, unknown>,
  type = "tollgate:index:Process",
): ExportedState => ({
  deployment: { resources: [{ urn: "urn:x", type, inputs }] },
});

describe("recordedPlace", () => {
  it("is the state folder of a kept process", () => {
    assert.equal(recordedPlace(state({ stateDir: "/a/.tollgate/dev" })), "/a/.tollgate/dev");
  });

  it("is null without one, as in a cluster, and where a program keeps its processes elsewhere", () => {
    assert.equal(recordedPlace({ deployment: {} }), null);
    assert.equal(
      recordedPlace(state({ stateDir: "/a/.tollgate/dev" }, "tollgate:index:ClusterRelease")),
      null,
    );
    assert.equal(recordedPlace(state({ stateDir: "/var/lib/kept" })), null);
  });
});

describe("inPlace", () => {
  const moved = (value: string, from = "/a/.tollgate/dev", to = "/b/.tollgate/dev") =>
    inPlace(state({ value }), from, to).deployment.resources?.[0]?.inputs?.value;

  const cases: [value: string, after: string][] = [
    ["/a/.tollgate/dev", "/b/.tollgate/dev"],
    ["/a/.tollgate/dev/data/mlflow.db", "/b/.tollgate/dev/data/mlflow.db"],
    ["file:///a/.tollgate/dev/data", "file:///b/.tollgate/dev/data"],
    ['{"path":"/a/.tollgate/dev/route"}', '{"path":"/b/.tollgate/dev/route"}'],
    ["/a/signers/prod.allowed_signers", "/b/signers/prod.allowed_signers"],
    ["/a", "/b"],
    ["/a-moved/x", "/a-moved/x"],
    ["/c/a/x", "/c/a/x"],
    ["/ab", "/ab"],
  ];
  for (const [value, after] of cases) {
    it(`makes ${after} of ${value}`, () => assert.equal(moved(value), after));
  }

  it("goes once over a path, so that a folder may be moved into its own name", () => {
    assert.equal(
      moved("/a/.tollgate/dev/x", "/a/.tollgate/dev", "/a/b/.tollgate/dev"),
      "/a/b/.tollgate/dev/x",
    );
  });

  it("renames the stack's folder alone where the project stayed", () => {
    const qa = "/a/.tollgate/qa";
    assert.equal(moved("/a/.tollgate/dev/x", "/a/.tollgate/dev", qa), `${qa}/x`);
    assert.equal(moved("/a/data.csv", "/a/.tollgate/dev", qa), "/a/data.csv");
  });
});
