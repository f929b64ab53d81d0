// Whatever keeps `tollgate image build` from its work, caused for real: one code and one sentence each.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { buildImage } from "../../cli/image/build";
import { parseName } from "../../cli/image/names";
import { capturedOutput } from "../cli/support/streams";
import { nobody } from "../support/other-user";
import { dockerOutput, testDocker } from "../support/docker";
import { tollgate, withEnvironment, withTestDocker } from "./docker-specs";
import { fullDaemon } from "./own-daemon";
import { smallServing } from "./small-serving";

const root = path.join(__dirname, "..", "..");
const node = (name: string) => path.join(__dirname, "node", name);

describe("image build, when it can't", function () {
  this.timeout(180_000);
  const { name } = withTestDocker();
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "tollgate-faults-"));
  after(() => fs.rmSync(folder, { recursive: true }));

  /** @returns the sentence of the failure */
  async function refused(code: string, ...options: string[]): Promise<string> {
    const { code: exitCode, document } = await tollgate("image", "build", ...options);
    assert.equal(document.error?.code, code, JSON.stringify(document));
    assert.equal(exitCode, 1);
    return document.error.message;
  }

  it("without docker on PATH", async () => {
    await withEnvironment({ PATH: folder }, async () => {
      assert.match(await refused("no-docker"), /^There is no `docker` on PATH: install /);
    });
  });

  const away: [what: string, host: () => string][] = [
    ["no socket", () => `unix://${folder}/none.sock`],
    ["nobody on the port", () => "tcp://127.0.0.1:9"],
    ["no such machine behind ssh", () => "ssh://nobody@host.invalid"],
  ];
  for (const [what, host] of away) {
    it(`with the daemon away: ${what}`, async () => {
      await withEnvironment({ DOCKER_HOST: host() }, async () => {
        const message = await refused("docker-away");
        assert.ok(message.startsWith(`Docker's daemon at ${host()} doesn't answer: `), message);
      });
    });
  }

  it("with something else on the daemon's socket", async () => {
    const socket = path.join(folder, "other.sock");
    const server = net.createServer((each) => each.destroy()).listen(socket);
    try {
      await withEnvironment({ DOCKER_HOST: `unix://${socket}` }, async () => {
        await refused("docker-away");
      });
    } finally {
      server.close();
    }
  });

  it("with a context that isn't there, and with an address that is none", async () => {
    const changes = { DOCKER_HOST: undefined, DOCKER_CONTEXT: "gone" };
    await withEnvironment(changes, async () => {
      assert.match(await refused("docker-context"), /gone/);
    });
    await withEnvironment({ DOCKER_HOST: "ftp://nonsense" }, async () => {
      assert.match(await refused("docker-context"), /ftp:/);
    });
  });

  it("in a context, and says where that leads", async () => {
    const config = fs.mkdtempSync(path.join(folder, "context-"));
    await withEnvironment({ DOCKER_HOST: undefined, DOCKER_CONFIG: config }, async () => {
      const at = `host=unix://${folder}/elsewhere.sock`;
      dockerOutput(["context", "create", "elsewhere", "--docker", at], {
        ...testDocker(),
        env: {},
      });
      await withEnvironment({ DOCKER_CONTEXT: "elsewhere" }, async () => {
        assert.ok((await refused("docker-away")).includes(`${folder}/elsewhere.sock`));
      });
    });
  });

  it("without rights on the socket", () => {
    const { host, programs } = testDocker();
    const home = fs.mkdtempSync(path.join(os.tmpdir(), "tollgate-nobody-"));
    fs.chownSync(home, nobody, nobody);
    const needed = [root, fs.realpathSync(path.join(root, "node_modules")), process.execPath];
    const words = [path.join(root, "toolchain", "tollgate.cjs"), "image", "build", "--json"];
    const asNobody = path.join(root, "test", "support", "as-nobody.sh");
    const { stdout, stderr } = spawnSync(
      "sh",
      [asNobody, ...needed, "--", process.execPath, ...words],
      {
        cwd: "/",
        env: { PATH: `${programs}:/usr/bin:/bin`, HOME: home, TMPDIR: home, DOCKER_HOST: host },
        encoding: "utf8",
      },
    );
    fs.rmSync(home, { recursive: true });
    assert.match(stdout, /"code":"docker-rights"/, stderr);
    assert.ok(stdout.includes(`You may not use Docker at ${host}: `), stdout);
  });

  it("without BuildKit: an alias for a buildx that isn't there", async () => {
    const config = fs.mkdtempSync(path.join(folder, "alias-"));
    fs.writeFileSync(path.join(config, "config.json"), '{"aliases":{"builder":"buildx"}}');
    await withEnvironment({ DOCKER_CONFIG: config }, async () => {
      assert.match(await refused("no-buildkit"), /install the buildx plugin/);
    });
  });

  it("with a base image that nobody has", async () => {
    const message = await refused("base-image", "--base", "registry.invalid/none:1");
    assert.match(
      message,
      /^The base image registry\.invalid\/none:1 is neither on the Docker host/,
    );
  });

  it("with a base image of another architecture", async () => {
    const other = process.arch === "arm64" ? "amd64" : "arm64";
    const base = `${name}:${other}`;
    dockerOutput(["load", "--input", emptyImage(base, other)]);
    const message = await refused("base-architecture", "--base", base);
    assert.ok(message.startsWith(`The base image ${base} is for ${other}, and `), message);
  });

  it("with a base image that has no Python, and shows the end of the log", async () => {
    const archive = path.join(folder, "empty.tar");
    execFileSync("tar", ["--create", "--file", archive, "--files-from", "/dev/null"]);
    dockerOutput(["import", archive, `${name}:empty`]);
    const message = await refused("image-build", "--base", `${name}:empty`);
    const log = /all it said is in (\S+):\n/.exec(message)![1]!;
    assert.match(message, /failed in the step \[(packages|tollgate) /);
    assert.ok(fs.statSync(log).size > 0);
    fs.rmSync(path.dirname(log), { recursive: true });
  });

  it("with the disk of the Docker host full; and a daemon that is taken down leaves nothing", async () => {
    const before_ = leftovers();
    const settings = { ...fullDaemon, DOCKER_NODE_SIZE: "1200m" };
    const state = fullDaemon.DOCKER_NODE_STATE;
    const env = { ...process.env, ...settings };
    const host = execFileSync(node("up"), { env, encoding: "utf8" }).trim();
    const small = await smallServing(700, settings);
    try {
      const full = { ...testDocker(), env: { ...testDocker().env, DOCKER_HOST: host } };
      const archive = path.join(folder, "base.tar");
      const { base } = testDocker();
      dockerOutput(["save", "--output", archive, base]);
      dockerOutput(["load", "--input", archive], full);
      const { serving, pipConf } = small;
      const request = { serving, pipConf, base, version: "1", revision: "r", now: new Date() };
      await withEnvironment({ DOCKER_HOST: host }, () =>
        assert.rejects(buildImage(request, parseName(name, "--tag"), capturedOutput()), {
          code: "docker-disk-full",
          message: new RegExp(`^The disk of the Docker host at ${host} is full: `),
        }),
      );
    } finally {
      await small.stop();
      execFileSync(node("down"), { env });
    }
    assert.equal(fs.existsSync(state), false);
    assert.deepEqual(leftovers(), before_);
  });

  /** An archive of an image of some architecture, with nothing in it. */
  function emptyImage(tag: string, architecture: string): string {
    const layer = Buffer.alloc(1024); // A tar without files.
    const digest = createHash("sha256").update(layer).digest("hex");
    const files = {
      "layer.tar": layer,
      "config.json": JSON.stringify({
        architecture,
        os: "linux",
        rootfs: { type: "layers", diff_ids: [`sha256:${digest}`] },
      }),
      "manifest.json": JSON.stringify([
        { Config: "config.json", RepoTags: [tag], Layers: ["layer.tar"] },
      ]),
    };
    const image = fs.mkdtempSync(path.join(folder, "image-"));
    for (const [file, content] of Object.entries(files)) {
      fs.writeFileSync(path.join(image, file), content);
    }
    const archive = `${image}.tar`;
    execFileSync("tar", ["--create", "--file", archive, "--directory", image, "."]);
    return archive;
  }

  /** What a daemon could leave on the machine, of names that no other daemon has. */
  function leftovers() {
    const lines = (text: string) =>
      text.split("\n").filter((line) => line.includes(fullDaemon.DOCKER_NODE_STATE));
    const groups = fs
      .readdirSync("/sys/fs/cgroup", { withFileTypes: true })
      .filter((each) => each.isDirectory())
      .flatMap((each) => fs.readdirSync(path.join("/sys/fs/cgroup", each.name)))
      .filter((each) => each.startsWith("tollgate-docker"));
    return {
      mounts: lines(fs.readFileSync("/proc/mounts", "utf8")),
      processes: lines(execFileSync("ps", ["-eo", "args"], { encoding: "utf8" })),
      links: fs.readdirSync("/sys/class/net").filter((each) => each.startsWith("docker")),
      groups: [...new Set(groups)].sort(),
    };
  }
});
