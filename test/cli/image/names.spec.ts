import assert from "node:assert/strict";
import fc from "fast-check";
import { CliError } from "../../../cli/errors";
import {
  defaultTag,
  freeTag,
  hasRegistry,
  parseName,
  repositoryNameOf,
} from "../../../cli/image/names";

const taken: [given: string, repository: string, tag: string | null, registry: boolean][] = [
  ["tollgate", "tollgate", null, false],
  ["tollgate:1.4.0-20261130", "tollgate", "1.4.0-20261130", false],
  ["ada/tollgate", "ada/tollgate", null, false],
  ["registry.example/tollgate", "registry.example/tollgate", null, true],
  ["registry.example/team/tollgate:v1", "registry.example/team/tollgate", "v1", true],
  ["localhost/tollgate", "localhost/tollgate", null, true],
  ["localhost:5000/tollgate", "localhost:5000/tollgate", null, true],
  ["127.0.0.1:5000/a/b:t", "127.0.0.1:5000/a/b", "t", true],
  ["[::1]:5000/tollgate", "[::1]:5000/tollgate", null, true],
  ["Registry.Example/tollgate", "Registry.Example/tollgate", null, true],
  [
    "123456789012.dkr.ecr.eu-central-1.amazonaws.com/churn_model:7-20261130.2",
    "123456789012.dkr.ecr.eu-central-1.amazonaws.com/churn_model",
    "7-20261130.2",
    true,
  ],
];

const refused = [
  "",
  "Tollgate",
  "registry.example/",
  "registry.example/Tollgate",
  "tollgate:",
  "tollgate:-x",
  `tollgate:${"x".repeat(129)}`,
  "tollgate:a:b",
  `tollgate@sha256:${"0".repeat(64)}`,
  "--privileged",
  "a b",
  "tollgate\n",
  "https://registry.example/tollgate",
];

describe("names of images", () => {
  for (const [given, repository, tag, registry] of taken) {
    it(`takes ${given}`, () => {
      assert.deepEqual(parseName(given, "--tag"), { repository, tag });
      assert.equal(hasRegistry(repository), registry);
    });
  }

  for (const given of refused) {
    it(`refuses ${JSON.stringify(given.slice(0, 40))}, and says where it was given`, () => {
      assert.throws(
        () => parseName(given, "--tag"),
        (error: CliError) => error.exitCode === 64 && error.message.startsWith("--tag is "),
      );
    });
  }

  it("makes of any model's name one that Docker takes", () => {
    assert.equal(repositoryNameOf("Churn Model_v2"), "churn-model-v2");
    fc.assert(
      fc.property(fc.string(), (text) => {
        const name = repositoryNameOf(text);
        assert.deepEqual(parseName(name, "x"), { repository: name, tag: null });
      }),
    );
  });

  it("names the day in UTC, whatever the clock on the wall says", () => {
    assert.equal(defaultTag("1.4.0", new Date("2026-11-30T23:59:59-05:00")), "1.4.0-20261201");
  });

  const tags: [what: string, there: Record<string, string>, tag: string][] = [
    ["the first of the day", {}, "t"],
    ["the same image again", { t: "mine" }, "t"],
    ["another image", { t: "other" }, "t.2"],
    ["a third", { t: "other", "t.2": "third" }, "t.3"],
    ["the second of the day again", { t: "other", "t.2": "mine", "t.3": "third" }, "t.2"],
  ];
  for (const [what, there, tag] of tags) {
    it(`gives ${what} the tag ${tag}`, async () => {
      assert.equal(await freeTag("t", "mine", async (each) => there[each] ?? null), tag);
    });
  }
});
