import assert from "node:assert/strict";
import { buildArguments, type ImageRequest } from "../../../cli/image/arguments";

const request: ImageRequest = {
  serving: "/t/serving",
  version: "1.4.0",
  revision: "abc",
  now: new Date("2026-11-30T17:00:00Z"),
  base: null,
};
const created = "org.opencontainers.image.created=2026-11-30T00:00:00Z";
const digest = `sha256:${"ab".repeat(32)}`;

/** The values of an option, in their order. */
function valuesOf(words: readonly string[], option: string): string[] {
  return words.flatMap((word, place) => (word === option ? [words[place + 1]!] : []));
}

describe("arguments of a build", () => {
  const start = [
    "build",
    "--progress",
    "plain",
    "--iidfile",
    "/i",
    "--file",
    "/t/serving/Dockerfile",
  ];

  it("builds the Dockerfile's own base when none is asked for", () => {
    assert.deepEqual(buildArguments(request, "/i"), [
      ...start,
      ...["--target", "tollgate"],
      ...["--build-arg", "VERSION=1.4.0", "--build-arg", "REVISION=abc"],
      ...["--label", created, "/t/serving"],
    ]);
  });

  it("names a base as argument and as label", () => {
    const words = buildArguments({ ...request, base: "debian-python:12" }, "/i");
    assert.ok(valuesOf(words, "--build-arg").includes("BASE_IMAGE=debian-python:12"));
    const label = "org.opencontainers.image.base.name=debian-python:12";
    assert.deepEqual(valuesOf(words, "--label"), [created, label]);
  });

  it("gives pip's files as secrets by their paths", () => {
    const words = buildArguments({ ...request, pipConf: "/h/pip.conf", caFile: "/h/ca.pem" }, "/i");
    assert.deepEqual(valuesOf(words, "--secret"), [
      "id=pip.conf,src=/h/pip.conf",
      "id=ca.pem,src=/h/ca.pem",
    ]);
  });

  it("quotes a path that Docker would read as more than one value", () => {
    const words = buildArguments({ ...request, pipConf: '/h/a,"b".conf' }, "/i");
    assert.deepEqual(valuesOf(words, "--secret"), ['id=pip.conf,"src=/h/a,""b"".conf"']);
  });

  it("puts a model on an image of Tollgate's, out of the folder with its bytes", () => {
    const model = { name: "churn", version: "7", digest, folder: "/m" };
    const words = buildArguments({ ...request, base: "r/tollgate:1", model }, "/i");
    assert.deepEqual(words.slice(0, start.length + 2), [...start, "--target", "model"]);
    assert.deepEqual(valuesOf(words, "--build-arg"), [
      "TOLLGATE_IMAGE=r/tollgate:1",
      `MODEL_FOLDER=${"ab".repeat(32)}/model`,
      `MODEL_DIGEST=${digest}`,
    ]);
    assert.ok(valuesOf(words, "--label").includes("org.opencontainers.image.version=7"));
    assert.equal(words.at(-1), "/m");
  });
});
