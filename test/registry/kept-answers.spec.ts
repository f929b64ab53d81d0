import assert from "node:assert/strict";
import { artifactPath } from "../../registry/artifact-paths";
import { RegistryClient } from "../../registry/client";
import { fetchKeptAnswers, readKeptAnswers } from "../../registry/kept-answers";
import { pin } from "../support/fixtures";
import { keptAnswers, storedAnswers, tooManyBytes } from "../support/kept-answers";
import { type Answer, type Received, standIn } from "./stand-in";

describe("readKeptAnswers", () => {
  const { bytes, named } = storedAnswers(keptAnswers());

  it("reads the document that the evidence names", () => {
    const { rows, answers, columns } = readKeptAnswers(bytes, pin, named);
    assert.deepEqual([rows.length, answers.length, columns], [400, 400, ["tenure", "calls"]]);
  });

  it("reads rows as objects, of which each has the columns it likes", () => {
    const rows = [{ tenure: 1 }, { tenure: 2, calls: null }];
    const stored = storedAnswers({ ...keptAnswers(2), rows });
    const read = readKeptAnswers(stored.bytes, pin, stored.named).rows;
    assert.deepEqual(
      read.map((row) => JSON.parse(row) as unknown),
      rows,
    );
  });

  it("reads rows and answers to the digit", () => {
    const document = { ...keptAnswers(2), answers: ["long", 1] };
    const text = JSON.stringify(document)
      .replace('"long"', "-9007199254740993")
      .replace("[0.5,1]", "[9007199254740993,1.0]");
    const { bytes, named } = storedAnswers(text);
    const { rows, answers } = readKeptAnswers(bytes, pin, { ...named, rows: 2 });
    assert.deepEqual(rows, ["[0,0]", "[9007199254740993,1.0]"]);
    assert.deepEqual(answers, [-9007199254740993n, 1]);
  });

  it("refuses another document than the evidence names", () => {
    const other = storedAnswers(keptAnswers(7));
    assert.throws(() => readKeptAnswers(bytes, pin, other.named), {
      message: `its kept answers have the digest ${named.digest}, but its evidence names ${other.named.digest}; run \`tollgate evaluate\` for it again`,
    });
  });

  it("refuses another number of rows than the evidence names", () => {
    assert.throws(() => readKeptAnswers(bytes, pin, { ...named, rows: 399 }), {
      message:
        "its kept answers are 400 rows, but its evidence names 399; run `tollgate evaluate` for it again",
    });
  });

  for (const fact of ["name", "version", "digest"] as const) {
    it(`refuses answers of another ${fact}`, () => {
      const other = {
        ...keptAnswers(),
        model: { ...pin, [fact]: fact === "name" ? "x" : pin[fact] },
      };
      const asked =
        fact === "name" ? pin : { ...pin, [fact]: fact === "version" ? "3" : "sha256:0" };
      const stored = storedAnswers(other);
      assert.throws(
        () => readKeptAnswers(stored.bytes, asked, stored.named),
        new RegExp(`^Error: its kept answers are of ${fact} .*, the pin says ${asked[fact]};`),
      );
    });
  }

  const whole = keptAnswers(2);
  const unreadable: [title: string, document: string, why: RegExp][] = [
    ["that is no JSON", "{", /it is not JSON/],
    ["with a field twice", JSON.stringify(whole).replace('"data"', '"data":"a","data"'), /twice/],
    ["with a field too many", JSON.stringify({ ...whole, extra: 1 }), /extra/],
    ["of another schema", JSON.stringify({ ...whole, schema: "tollgate.answers/2" }), /schema/],
    ["without rows", JSON.stringify({ ...whole, rows: [], answers: [] }), /rows/],
    [
      "with fewer answers than rows",
      JSON.stringify({ ...whole, answers: [1] }),
      /one for each row/,
    ],
    ["with a row that is text", JSON.stringify({ ...whole, rows: ["a", [1, 2]] }), /rows\.0/],
    [
      "with a row too short",
      JSON.stringify({ ...whole, rows: [[1], [1, 2]] }),
      /rows: each list must have a value for each column/,
    ],
    ["that is too long", `"${"a".repeat(tooManyBytes)}"`, /longer than the \d+ bytes/],
  ];
  for (const [title, document, why] of unreadable) {
    it(`refuses a document ${title}`, () => {
      const stored = storedAnswers(document);
      assert.throws(
        () => readKeptAnswers(stored.bytes, pin, stored.named),
        (error: Error) => {
          assert.match(
            error.message,
            /^its kept answers can't be read, .*; run `tollgate evaluate`/,
          );
          assert.match(error.message, why);
          return true;
        },
      );
    });
  }
});

describe("fetchKeptAnswers", () => {
  const { bytes, named } = storedAnswers(keptAnswers());
  const version = { name: pin.name, version: pin.version, status: "READY", run_id: "r1" };

  async function fetched(artifact: Answer, given: object = version, delayMs = 0) {
    const server = await standIn(({ url }: Received) => ({
      ...(url.startsWith("/get-artifact?") ? artifact : { body: { model_version: given } }),
      delayMs,
    }));
    try {
      const client = new RegistryClient({ uri: server.uri, timeoutSeconds: 1 });
      return await fetchKeptAnswers(client, pin, named);
    } finally {
      await server.close();
    }
  }

  it("takes them from the version's run", async () => {
    assert.equal((await fetched({ body: bytes.toString() })).rows.length, 400);
  });

  it("waits longer for each answer than its caller would", async () => {
    assert.equal((await fetched({ body: bytes.toString() }, version, 1500)).rows.length, 400);
  });

  it("says where they were, when they are gone", async () => {
    const missing = { status: 404, body: { error_code: "RESOURCE_DOES_NOT_EXIST", message: "-" } };
    await assert.rejects(fetched(missing), {
      message: `its kept answers (${artifactPath("answers", pin)} in run r1) are gone; run \`tollgate evaluate\` for it again`,
    });
  });

  it("refuses what was altered", async () => {
    await assert.rejects(
      fetched({ body: bytes.toString().replace("0,1", "0,0") }),
      /have the digest/,
    );
  });

  it("refuses a version without a run", async () => {
    await assert.rejects(fetched({ body: bytes.toString() }, { ...version, run_id: "" }), {
      message: "its version has no run that could hold its kept answers",
    });
  });
});
