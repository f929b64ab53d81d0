// `tollgate image push` to a registry that wants a password, by the credentials helper of `docker`.
import assert from "node:assert/strict";
import { type ChildProcess, execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { dockerOutput, ended, inDockerNetwork, testDocker } from "../support/docker";
import { tollgate, withEnvironment, withTestDocker } from "./docker-specs";

const registry = "127.0.0.1:5000";
const enter = path.join(__dirname, "node", "enter");
/** Of `correct`, as htpasswd writes it down. */
const users = "ada:$2b$05$abcdefghijklmnopqrstuuSSgfZSwfwKPbBZRnD5O0VgRw2zVgiZC\n";

describe("image push, to a real registry", function () {
  this.timeout(60_000);
  const { name } = withTestDocker();
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "tollgate-push-"));
  const repository = `${registry}/${path.basename(name)}`;
  const reference = `${repository}:1.0.0-20260304`;
  let server: ChildProcess;

  before(async () => {
    fs.writeFileSync(path.join(folder, "users"), users);
    server = await inDockerNetwork(
      [path.join(testDocker().programs, "docker-registry"), "serve", configuration()],
      /listening on/,
    );
    image("first", reference);
  });
  after(async () => {
    await ended(server);
    fs.rmSync(folder, { recursive: true });
    const own = dockerOutput(["image", "ls", "--quiet", repository]).split("\n").filter(Boolean);
    if (own.length > 0) dockerOutput(["image", "rm", "--force", ...new Set(own)]);
  });

  function configuration(): string {
    const file = path.join(folder, "registry.yml");
    const lines = [
      "version: 0.1",
      `storage: {filesystem: {rootdirectory: ${folder}/registry}}`,
      `http: {addr: "${registry}"}`,
      `auth: {htpasswd: {realm: test, path: ${folder}/users}}`,
    ];
    fs.writeFileSync(file, lines.join("\n"));
    return file;
  }

  /** An image with one small file, and labels where they are given. */
  function image(content: string, tag: string, labels: readonly string[] = []): void {
    const context = fs.mkdtempSync(path.join(folder, "image-"));
    fs.writeFileSync(path.join(context, "file"), content);
    fs.writeFileSync(path.join(context, "Dockerfile"), "FROM scratch\nCOPY file /file\n");
    const words = labels.flatMap((each) => ["--label", each]);
    dockerOutput(["build", "--quiet", "--tag", tag, ...words, context]);
  }

  /** A configuration of `docker` whose helper knows a password for the registry, and a PATH on which it is. */
  function credentials(password: string) {
    const config = fs.mkdtempSync(path.join(folder, "config-"));
    const helper = path.join(config, "docker-credential-test");
    const answer = JSON.stringify({ ServerURL: registry, Username: "ada", Secret: password });
    fs.writeFileSync(helper, `#!/bin/sh\necho '${answer}'\n`, { mode: 0o755 });
    const settings = { credHelpers: { [registry]: "test" } };
    fs.writeFileSync(path.join(config, "config.json"), JSON.stringify(settings));
    return {
      DOCKER_CONFIG: config,
      PATH: `${config}${path.delimiter}${testDocker().env["PATH"]}`,
    };
  }

  const push = (given: string, password = "correct") =>
    withEnvironment(credentials(password), () => tollgate("image", "push", given));

  it("gives the digest under which the registry has it", async () => {
    const { code, document } = await push(reference);
    assert.equal(code, 0, JSON.stringify(document));
    const url = `http://${registry}/v2/${path.basename(name)}/manifests/1.0.0-20260304`;
    const type = "Accept: application/vnd.docker.distribution.manifest.v2+json";
    const words = ["curl", "--silent", "--head", "--user", "ada:correct", "--header", type, url];
    const head = execFileSync(enter, words, { encoding: "utf8" });
    const digest = /^docker-content-digest: (\S+)/im.exec(head)![1]!;
    assert.deepEqual(document, { image: reference, digest: `${repository}@${digest}` });
  });

  it("says it again for what the registry has already", async () => {
    const [first, again] = [await push(reference), await push(reference)];
    assert.deepEqual(again, first);
  });

  const refused: [what: string, code: string, given: string, password?: string][] = [
    ["a wrong password", "registry-rights", reference, "wrong"],
    ["an image that isn't there", "no-image", `${repository}:none`],
  ];
  for (const [what, expected, given, password] of refused) {
    it(`says of ${what} what to do`, async () => {
      const { code, document } = await push(given, password);
      assert.deepEqual([code, document.error?.code], [1, expected]);
      assert.ok(document.error!.message.includes(given), document.error!.message);
    });
  }

  it("says of nobody's login what to do", async () => {
    const config = fs.mkdtempSync(path.join(folder, "empty-"));
    await withEnvironment({ DOCKER_CONFIG: config }, async () => {
      const { document } = await tollgate("image", "push", reference);
      assert.equal(document.error?.code, "registry-rights");
      assert.match(document.error.message, /log in with `docker login 127\.0\.0\.1:5000`/);
    });
  });

  it("says of a registry that isn't there what to do", async () => {
    const elsewhere = `127.0.0.1:5999/${path.basename(name)}:1`;
    dockerOutput(["tag", reference, elsewhere]);
    try {
      const { document } = await push(elsewhere);
      assert.equal(document.error?.code, "registry-away");
    } finally {
      dockerOutput(["image", "rm", elsewhere]);
    }
  });
});
