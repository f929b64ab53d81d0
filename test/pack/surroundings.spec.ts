import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { placeOf, surroundingsOf } from "../../pack/surroundings";

const nothing = { production: true, exposed: [], places: {}, neighbours: [] };

describe("placeOf", () => {
  const inState = (stateDir: unknown, stack = "prod") => ({
    type: "tollgate:index:Process",
    urn: `urn:pulumi:${stack}::churn::tollgate:index:Process::scorer`,
    props: { stateDir },
  });
  const root = { type: "pulumi:pulumi:Stack", urn: "urn:pulumi:prod::churn::x::y", props: {} };

  it("is where Tollgate's resources keep their state", () => {
    const stateDir = path.join("/project", ".tollgate", "prod");
    assert.deepEqual(placeOf([root, inState(stateDir), inState(`${stateDir}/`)]), {
      projectDir: "/project",
      stack: "prod",
    });
  });

  for (const [what, resources] of [
    ["there is no resource", []],
    ["there is none of Tollgate's", [{ ...inState("/project/.tollgate/prod"), type: "any:index:Process" }]], // prettier-ignore
    ["the folder isn't known yet", [inState(Symbol("not known yet"))]],
    ["there are two folders", [inState("/a/.tollgate/prod"), inState("/b/.tollgate/prod")]],
    ["the state is another stack's", [inState("/project/.tollgate/dev")]],
    ["one of two is another stack's", [inState("/project/.tollgate/prod"), inState("/project/.tollgate/dev")]], // prettier-ignore
  ] as const) {
    it(`is nowhere when ${what}`, () => assert.equal(placeOf(resources), null));
  }
});

describe("surroundingsOf", () => {
  let project: string;

  beforeEach(() => {
    project = fs.mkdtempSync(path.join(os.tmpdir(), "surroundings-"));
  });
  afterEach(() => fs.rmSync(project, { recursive: true }));

  const write = (stack: string, config: string) =>
    fs.writeFileSync(path.join(project, `Pulumi.${stack}.yaml`), config);
  const around = (stack: string) => surroundingsOf({ projectDir: project, stack });

  it("reads the settings of the stack and of its neighbours", async () => {
    write("dev", "config:\n  tollgate:tier: dev\n  tollgate:artifactStore: {bucket: models-dev}\n");
    write(
      "prod",
      [
        "config:",
        "  tollgate:tier: prod",
        "  tollgate:exposed: [router]",
        "  tollgate:database: {kind: postgres}",
        "  tollgate:artifactStore:",
        "    kind: s3",
        "    bucket: models-prod",
        '  tollgate:trackingServer: \'{"uri": "https://mlflow.example.com", "timeoutSeconds": 5}\'',
        "  churn:databaseUrl: db.example.com",
        "  churn:apiSecret: {secure: v1:abc}",
        "  churn:region: eu",
      ].join("\n"),
    );
    assert.deepEqual(await around("prod"), {
      production: true,
      exposed: ["router"],
      places: {
        "tollgate:artifactStore.bucket": "models-prod",
        "tollgate:trackingServer.uri": "https://mlflow.example.com",
        "churn:databaseUrl": "db.example.com",
      },
      neighbours: [{ stack: "dev", places: { "tollgate:artifactStore.bucket": "models-dev" } }],
    });
    assert.equal((await around("dev")).production, false);
  });

  it("says of a neighbour whose file can't be read that nobody can tell", async () => {
    write("prod", "config: {}");
    write("dev", "config: [");
    assert.deepEqual((await around("prod")).neighbours, [{ stack: "dev", places: null }]);
  });

  it("exposes nothing by a value that is no list of names", async () => {
    for (const value of ["router", "{router: true}", "[1]"]) {
      write("one", `config:\n  tollgate:exposed: ${value}\n`);
      assert.deepEqual((await around("one")).exposed, []);
    }
  });

  for (const config of [
    "config: {}",
    "config:\n  tollgate:tier: preprod",
    "config:\n  tollgate:tier: [dev]",
    "config: [",
    "",
  ]) {
    it(`takes a stack with ${JSON.stringify(config)} for production, with nothing exposed`, async () => {
      write("one", config);
      const { production, exposed } = await around("one");
      assert.deepEqual({ production, exposed }, { production: true, exposed: [] });
    });
  }

  it("takes a stack without a file, or in no folder, for production", async () => {
    assert.deepEqual(await around("one"), nothing);
    assert.deepEqual(await surroundingsOf(null), nothing);
  });
});
