// The full disk is a real one when the test may mount a small file system, and a limit on file sizes otherwise.
import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { installed, installOnce } from "../../toolchain/install";
import { temporaryFolder } from "./helpers";

const root = path.join(__dirname, "..", "..");
const quiet = () => undefined;

describe("installOnce", function () {
  this.timeout(60_000);
  const folder = temporaryFolder();
  let number = 0;
  const newTarget = () => path.join(folder, `case-${number++}`, "thing");
  const namesBeside = (target: string) => readdirSync(path.dirname(target)).sort();

  /** A process that installs the target by a shell script run in the folder. */
  function installer(target: string, script: string) {
    const code = `const { installOnce } = require(${JSON.stringify(path.join(root, "toolchain", "install.ts"))});
      const { run } = require(${JSON.stringify(path.join(root, "toolchain", "processes.ts"))});
      const make = async (cwd) => { console.log("making"); await run("/bin/sh", ["-c", process.argv.at(-1)], { cwd }); return {}; };
      installOnce({ what: "thing", target: ${JSON.stringify(target)}, make, progress: console.log })
        .then(() => console.log("done"), (error) => { console.log(error.message); process.exitCode = 1; });`;
    const args = ["--import", "tsx", "-e", code, script];
    return {
      args,
      start: () =>
        spawn(process.execPath, args, { cwd: root, stdio: ["ignore", "pipe", "inherit"] }),
    };
  }

  it("makes it once and remembers what was said about it", async () => {
    const target = newTarget();
    let times = 0;
    const options = {
      what: "thing",
      target,
      progress: quiet,
      make: async () => ({ version: `${++times}` }),
    };
    assert.deepEqual(await installOnce(options), { version: "1" });
    assert.deepEqual(await installOnce(options), { version: "1" });
    assert.deepEqual(installed(target), { version: "1" });
    assert.deepEqual(namesBeside(target), ["thing"]);
  });

  it("makes it anew when what is there is out of date", async () => {
    const target = newTarget();
    const options = { what: "thing", target, progress: quiet };
    await installOnce({ ...options, make: async () => ({ version: "1" }) });
    const replaces = ({ version }: { version: string }) => version !== "2";
    await installOnce({ ...options, replaces, make: async () => ({ version: "2" }) });
    assert.deepEqual(installed(target), { version: "2" });
  });

  it("leaves nothing behind when making it fails", async () => {
    const target = newTarget();
    const make = async (draft: string) => {
      writeFileSync(path.join(draft, "half"), "half");
      throw new Error("no luck");
    };
    await assert.rejects(installOnce({ what: "thing", target, progress: quiet, make }), /no luck/);
    assert.deepEqual(namesBeside(target), []);
  });

  it("is installed once by two processes at once, and the second one tells whom it waits for", async () => {
    const target = newTarget();
    const script = `sleep 1; echo made >> ${folder}/times`;
    const both = [installer(target, script).start(), installer(target, script).start()];
    const printed = await Promise.all(
      both.map(async (child) => {
        let text = "";
        child.stdout.on("data", (data) => (text += data));
        await once(child, "close");
        return text;
      }),
    );
    assert.equal(readFileSync(path.join(folder, "times"), "utf8"), "made\n");
    assert.ok(printed.every((text) => text.endsWith("done\n")));
    const pids = both.map(({ pid }) => `Waiting for process ${pid}, which is installing the thing`);
    assert.equal(printed.filter((text) => pids.some((line) => text.includes(line))).length, 1);
  });

  it("uses nothing of what a process left that was killed in the middle, and clears it away", async () => {
    const target = newTarget();
    const child = installer(target, "echo half > half; sleep 5").start();
    await once(child.stdout, "data");
    while (!namesBeside(target).some((name) => name.endsWith(".tmp")))
      await new Promise(setImmediate);
    child.kill("SIGKILL");
    await once(child, "close");
    assert.equal(installed(target), null);
    assert.equal(existsSync(target), false);
    await installOnce({
      what: "thing",
      target,
      progress: quiet,
      make: async () => ({ version: "whole" }),
    });
    assert.deepEqual(namesBeside(target), ["thing"]);
    assert.equal(existsSync(path.join(target, "half")), false);
  });

  it("refuses a full disk in one sentence, with nothing left behind", () => {
    const target = newTarget();
    mkdirSync(path.dirname(target), { recursive: true });
    const mounted =
      spawnSync("mount", ["-t", "tmpfs", "-o", "size=256k", "tmpfs", path.dirname(target)])
        .status === 0;
    try {
      // Without the right to mount, a disk quota is the same to a program: it is told by the same kind of message.
      const fill = mounted
        ? "cat /dev/zero > big"
        : "echo 'write: No space left on device' >&2; exit 1";
      const result = spawnSync(process.execPath, installer(target, fill).args, {
        cwd: root,
        encoding: "utf8",
      });
      assert.equal(
        result.stdout.trim().split("\n").at(-1),
        `The disk is full, so the thing could not be installed in ${path.dirname(target)}: free about 3 GB there or in ` +
          "the temporary folder, or set TOLLGATE_CACHE to a folder on another disk, and run the command again.",
      );
      assert.deepEqual(namesBeside(target), []);
    } finally {
      if (mounted) execFileSync("umount", [path.dirname(target)]);
    }
  });

  it("refuses a folder that can't be made in one sentence", async () => {
    const target = path.join(newTarget(), "below");
    mkdirSync(path.dirname(path.dirname(target)), { recursive: true });
    writeFileSync(path.dirname(target), "a file where the folder should be");
    await assert.rejects(
      installOnce({ what: "thing", target, progress: quiet, make: async () => ({}) }),
      {
        message:
          `The folder ${path.dirname(target)} can't be written, so the thing could not be installed: make it writable, ` +
          "or set TOLLGATE_CACHE to a folder that is.",
      },
    );
  });
});
