// Names, labels and secrets of images, on a real daemon by the real Dockerfile, with packages that install in seconds.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { buildImage } from "../../cli/image/build";
import { parseName } from "../../cli/image/names";
import { Output } from "../../cli/terminal/output";
import { CliError } from "../../cli/errors";
import { capture } from "../cli/support/streams";
import { dockerOutput, testDocker } from "../support/docker";
import { withTestDocker } from "./docker-specs";
import { smallServing, type SmallServing } from "./small-serving";

describe("image build, on a real daemon", function () {
  this.timeout(120_000);
  const { name } = withTestDocker();
  const now = new Date("2026-03-04T23:59:00Z");
  let small: SmallServing;
  /** All that builds said, with --verbose. */
  let said = "";

  before(async () => {
    small = await smallServing();
  });
  after(() => small.stop());

  async function build(asked = name, pipConf = small.pipConf, revision = "abc123") {
    const streams = capture();
    const { serving } = small;
    const request = { serving, version: "9.9.9", revision, now, pipConf };
    try {
      return await buildImage(
        { ...request, base: testDocker().base },
        parseName(asked, "--tag"),
        new Output(streams, false, true),
      );
    } finally {
      said += streams.err() + streams.out();
    }
  }

  it("fails with the end of the log when pip's secret is wrong, and keeps the log", async () => {
    const wrong = path.join(small.folder, "wrong.conf");
    const settings = fs.readFileSync(small.pipConf, "utf8");
    fs.writeFileSync(wrong, settings.replace(small.password, "not-the-password"));
    const error = await build(name, wrong).then(
      () => assert.fail("it was built"),
      (thrown: CliError) => thrown,
    );
    assert.equal(error.code, "image-build");
    assert.match(error.message, /failed in the step \[packages 5\/6\] RUN .*pip.conf/);
    assert.match(error.message, /401|No matching distribution|credentials/);
    const log = /is in (\S+build\.log):/.exec(error.message)![1]!;
    assert.match(fs.readFileSync(log, "utf8"), /pip\.conf/);
    fs.rmSync(path.dirname(log), { recursive: true });
  });

  it("says nothing of pip's secret where pip can't read its settings and quotes them", async () => {
    // Before anything is built: secrets are no part of what BuildKit goes by when it looks for a step in its cache.
    const headless = path.join(small.folder, "headless.conf");
    fs.writeFileSync(headless, fs.readFileSync(small.pipConf, "utf8").replace("[global]", ""));
    const error = await build(name, headless).then(
      () => assert.fail("it was built"),
      (thrown: CliError) => thrown,
    );
    assert.match(error.message, /section header/i);
    const log = /is in (\S+build\.log):/.exec(error.message)![1]!;
    for (const text of [error.message, fs.readFileSync(log, "utf8"), said]) {
      assert.ok(!text.includes(small.password));
    }
    fs.rmSync(path.dirname(log), { recursive: true });
  });

  it("names it by version and day, labels it, and says its id and size", async () => {
    const built = await build();
    assert.equal(built.reference, `${name}:9.9.9-20260304`);
    const [image] = JSON.parse(dockerOutput(["image", "inspect", built.reference])) as [
      { Id: string; Size: number; Config: { Labels: Record<string, string>; User: string } },
    ];
    assert.deepEqual([built.id, built.size], [image.Id, image.Size]);
    const labels = Object.entries(image.Config.Labels).map(
      ([key, value]) => `${key.replace("org.opencontainers.image.", "")}=${value}`,
    );
    for (const label of [
      "version=9.9.9",
      "revision=abc123",
      "created=2026-03-04T00:00:00Z",
      `base.name=${testDocker().base}`,
    ]) {
      assert.ok(labels.includes(label), `${label} isn't in ${labels.join(", ")}`);
    }
    assert.equal(image.Config.User, "65532:65532");
  });

  it("gives the same image its tag again, another one a tag of its own, and moves none", async () => {
    const first = await build();
    const again = await build();
    assert.deepEqual([again.id, again.reference], [first.id, first.reference]);
    const source = path.join(small.serving, "tollgate_serving", "__init__.py");
    fs.writeFileSync(source, "CHANGED = True\n");
    const changed = await build();
    assert.notEqual(changed.id, first.id);
    assert.equal(changed.reference, `${first.reference}.2`);
    fs.writeFileSync(source, "");
    const back = await build();
    assert.deepEqual([back.id, back.reference], [first.id, first.reference]);
  });

  it("makes the same layers for another commit: only labels tell of it", async () => {
    const layersOf = async (revision: string) => {
      const { reference } = await build(`${name}:${revision}`, small.pipConf, revision);
      const [image] = JSON.parse(dockerOutput(["image", "inspect", reference])) as [
        { Config: { Labels: Record<string, string> }; RootFS: { Layers: string[] } },
      ];
      assert.equal(image.Config.Labels["org.opencontainers.image.revision"], revision);
      return image.RootFS.Layers;
    };
    assert.deepEqual(await layersOf("def456"), await layersOf("abc123"));
  });

  it("takes a tag that is asked for, whoever had it", async () => {
    assert.equal((await build(`${name}:mine`)).reference, `${name}:mine`);
  });

  it("leaves pip's secret in no layer, history, label, environment or log", async () => {
    const { reference } = await build();
    // What was planted must be found by the same search, or it would find nothing anywhere.
    const leaky = path.join(small.folder, "leaky");
    fs.mkdirSync(leaky);
    fs.copyFileSync(small.pipConf, path.join(leaky, "pip.conf"));
    const lines = [`FROM ${reference}`, "COPY pip.conf /etc/pip.conf", `ENV A=${small.password}`];
    fs.writeFileSync(path.join(leaky, "Dockerfile"), lines.join("\n"));
    dockerOutput(["build", "--quiet", "--tag", `${name}:leaky`, leaky]);
    assert.deepEqual(found(`${name}:leaky`), ["layers", "history", "settings"]);

    assert.deepEqual(found(reference), []);
    assert.match(said, /Successfully installed/, "pip ran");
    assert.ok(!said.includes(small.password), "the log has it");
  });

  /** Where the password is: in plain, and as it goes over the wire. */
  function found(reference: string): string[] {
    const forms = [small.password, Buffer.from(`ada:${small.password}`).toString("base64")];
    const archive = path.join(small.folder, "image.tar");
    dockerOutput(["save", "--output", archive, reference]);
    const places = {
      layers: fs.readFileSync(archive),
      history: Buffer.from(dockerOutput(["history", "--no-trunc", reference])),
      settings: Buffer.from(dockerOutput(["image", "inspect", reference])),
    };
    return Object.entries(places)
      .filter(([, bytes]) => forms.some((form) => bytes.includes(form)))
      .map(([place]) => place);
  }
});
