import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startOf } from "../../processes/identity";
import { withProcessLock } from "../../processes/lock";
import { refusal } from "../runtimes/local/support";

describe("withProcessLock", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "tollgate-lock-"));
    mkdirSync(path.join(folder, "run"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const lockFile = () => path.join(folder, "run", ".small.lock");

  it("lets one work at a time, of many that come at once", async () => {
    let inside = 0;
    let most = 0;
    let done = 0;
    const work = async () => {
      most = Math.max(most, ++inside);
      await sleep(5);
      inside--;
      done++;
    };
    await Promise.all(Array.from({ length: 10 }, () => withProcessLock(folder, "small", work)));
    assert.deepEqual([most, done], [1, 10]);
    assert.deepEqual(readdirSync(path.join(folder, "run")), []);
  });

  it("closes a state folder to other users, whoever opened it", async () => {
    chmodSync(folder, 0o755);
    await withProcessLock(folder, "small", () => Promise.resolve());
    assert.equal(statSync(folder).mode & 0o777, 0o700);
  });

  it("doesn't hold up the work on another process", async () => {
    const order: string[] = [];
    await withProcessLock(folder, "small", async () => {
      await withProcessLock(folder, "other", async () => void order.push("other"));
      order.push("small");
    });
    assert.deepEqual(order, ["other", "small"]);
  });

  it("takes over the lock of a command that was killed, once, though several wait for it", async () => {
    const killed = spawn("sleep", ["1000"]);
    await once(killed, "spawn");
    const holder = { pid: killed.pid, start: startOf(killed.pid ?? 0) };
    writeFileSync(lockFile(), JSON.stringify(holder));
    killed.kill("SIGKILL");
    await once(killed, "exit");
    let inside = 0;
    let most = 0;
    const work = async () => {
      most = Math.max(most, ++inside);
      await sleep(10);
      inside--;
    };
    await Promise.all(Array.from({ length: 5 }, () => withProcessLock(folder, "small", work)));
    assert.equal(most, 1);
  });

  it("takes over a lock whose holder's number a stranger has now", async () => {
    writeFileSync(lockFile(), JSON.stringify({ pid: process.pid, start: "another boot/1" }));
    assert.equal(await withProcessLock(folder, "small", async () => "done", 1), "done");
  });

  it("refuses to wait for ever, naming the holder", async () => {
    const said = await withProcessLock(folder, "small", () =>
      refusal(withProcessLock(folder, "small", async () => undefined, 0.1)),
    );
    assert.equal(
      said,
      `another command (pid ${process.pid}) has worked on small for over 0.1 s; ` +
        `wait for it or stop it, then run this again`,
    );
  });

  it("is free again after work that failed", async () => {
    await assert.rejects(
      withProcessLock(folder, "small", () => Promise.reject(new Error("failed"))),
      /^Error: failed$/,
    );
    assert.equal(await withProcessLock(folder, "small", async () => "done", 1), "done");
  });
});
