// Other processes are real ones. What a dead host leaves can't be caused here: its lock is written by hand.
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import path from "node:path";
import { exclusively, isAlive, self } from "../../toolchain/exclusive";
import { temporaryFolder } from "./helpers";

const module = path.join(__dirname, "..", "..", "toolchain", "exclusive.ts");

describe("exclusively", function () {
  this.timeout(30_000);
  const folder = temporaryFolder();
  let number = 0;
  const newLock = () => path.join(folder, `lock-${number++}`);

  /** A process that holds the lock until it is killed. */
  async function holderOf(lock: string): Promise<ChildProcess> {
    const code = `const { exclusively } = require(${JSON.stringify(module)});
      exclusively(${JSON.stringify(lock)}, () => new Promise(() => { console.log("held"); setInterval(() => {}, 1000); }));`;
    const child = spawn(process.execPath, ["--import", "tsx", "-e", code], {
      cwd: path.join(__dirname, "..", ".."),
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(child.stdout, "data");
    return child;
  }

  it("gives the result of the work and the lock back", async () => {
    const lock = newLock();
    assert.equal(await exclusively(lock, async () => existsSync(lock)), true);
    assert.equal(existsSync(lock), false);
  });

  it("gives the lock back when the work fails", async () => {
    const lock = newLock();
    await assert.rejects(
      exclusively(lock, () => Promise.reject(new Error("no"))),
      /^Error: no$/,
    );
    assert.equal(existsSync(lock), false);
  });

  it("never runs two at once", async () => {
    const lock = newLock();
    let [inside, most] = [0, 0];
    const work = async () => {
      most = Math.max(most, ++inside);
      await new Promise((resolve) => setTimeout(resolve, 20));
      inside--;
    };
    await Promise.all([exclusively(lock, work), exclusively(lock, work), exclusively(lock, work)]);
    assert.equal(most, 1);
  });

  it("waits for another process, tells its pid, and goes on when that is killed hard", async () => {
    const lock = newLock();
    const holder = await holderOf(lock);
    const seen = new Set<number>();
    const result = await exclusively(lock, async () => "mine", {
      onWait: ({ pid }) => {
        seen.add(pid);
        holder.kill("SIGKILL");
      },
    });
    assert.equal(result, "mine");
    assert.deepEqual([...seen], [holder.pid]);
  });

  it("takes over a lock whose pid belongs to another process by now", async () => {
    const lock = newLock();
    writeFileSync(lock, JSON.stringify({ ...self(), start: "long ago" }));
    assert.equal(
      await exclusively(lock, async () => readFileSync(lock, "utf8").includes("long ago")),
      false,
    );
  });

  it("takes over a lock that can't be read", async () => {
    const lock = newLock();
    writeFileSync(lock, "{");
    assert.equal(await exclusively(lock, async () => "mine"), "mine");
  });
});

describe("isAlive", () => {
  const folder = temporaryFolder();

  it("believes a holder on another host as long as it touches its lock", () => {
    const lock = path.join(folder, "lock");
    const elsewhere = { host: "another-host", pid: 1, start: "1" };
    writeFileSync(lock, JSON.stringify(elsewhere));
    assert.equal(isAlive(elsewhere, lock), true);
    const old = new Date(Date.now() - 120_000);
    utimesSync(lock, old, old);
    assert.equal(isAlive(elsewhere, lock), false);
  });
});
