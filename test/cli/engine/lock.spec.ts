import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import {
  holderOf,
  lockIn,
  lockMoved,
  lockSentence,
  removeLockFile,
} from "../../../cli/engine/lock";
import { temporaryFolder } from "../support/project";

// What engine 3.259.0 really printed.
const locked = `error: the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or delete the lock file with \`pulumi cancel\`.
  file:///work/.pulumi/locks/organization/demo/s1/6692ea2a.json?no_tmp_dir=true: created by root@vm (pid 16201) at 2026-11-21T09:20:21Z`;

const lock = {
  address: "file:///work/.pulumi/locks/organization/demo/s1/6692ea2a.json?no_tmp_dir=true",
  user: "root",
  host: "vm",
  pid: 16201,
  since: "2026-11-21T09:20:21Z",
};

describe("lockIn", () => {
  it("reads who holds the lock", () => assert.deepEqual(lockIn(locked), lock));

  for (const user of ["ada@example.com", "CORP\\ada b@example.com", "ada"]) {
    it(`reads the user ${user} apart from the host`, () => {
      const printed = locked.replace("root@vm", `${user}@runner-7.local`);
      assert.deepEqual(lockIn(printed), { ...lock, user, host: "runner-7.local" });
    });
  }

  it("is null when no lock is in the way", () => assert.equal(lockIn("error: no"), null));

  it("becomes one sentence with process, user and time", () => {
    assert.equal(
      lockSentence("prod", lock, "vm"),
      "Stack prod is being changed by root (pid 16201) since 2026-11-21T09:20:21Z: wait until that is done and run this again.",
    );
    assert.match(
      lockSentence("prod", lock, "laptop"),
      /by root on vm \(pid .* `tollgate pulumi -- cancel --yes --stack prod` takes its lock away/,
    );
  });
});

describe("lockMoved", () => {
  const moved =
    "error: could not list bucket: blob (code=NotFound): lstat /work/.pulumi/locks/organization/demo/s1/" +
    "6692ea2a.json.18ecad8dded1854c.tmp: no such file or directory";

  const gone = `error: 2 errors occurred:
\t* stat /work/.pulumi/locks/organization/demo/s1/6f8366ea.json.18ecc385423b14d2.tmp: no such file or directory
\t* NotFound`;

  for (const [when, printed] of Object.entries({ listed: moved, "looked at": gone })) {
    it(`knows an engine that met another one's lock half-written when it ${when} them`, () => {
      assert.equal(lockMoved(printed), true);
      assert.equal(lockIn(printed), null);
    });
  }

  for (const [what, printed] of Object.entries({
    "a lock that is held": locked,
    "a state that isn't there": moved.replace("/locks/", "/stacks/"),
    "a folder that can't be read": moved.replace("no such file or directory", "permission denied"),
  })) {
    it(`is no word for ${what}`, () => assert.equal(lockMoved(printed), false));
  }
});

describe("holderOf", () => {
  const children: ChildProcess[] = [];
  after(() => children.forEach((child) => child.kill("SIGKILL")));

  /** A process of ours that looks like an engine, started by the command with this number. */
  function engine(starter: number): ChildProcess {
    const events = join("log", `up-${starter}.events`);
    const args = ["-e", "setInterval(() => {}, 1000)", "pulumi", "--event-log", events];
    const child = spawn(process.execPath, args, { stdio: "ignore" });
    children.push(child);
    return child;
  }
  const lockOf = (pid: number | undefined) => ({ ...lock, host: hostname(), pid: pid ?? 0 });

  it("tells an engine at work from one whose command was killed, and from one that is gone", async () => {
    const [kept, abandoned] = [engine(process.pid), engine(process.ppid)];
    assert.equal(holderOf(lockOf(kept.pid)), "at work");
    assert.equal(holderOf(lockOf(abandoned.pid)), "abandoned");
    kept.kill("SIGKILL");
    await once(kept, "exit");
    assert.equal(holderOf(lockOf(kept.pid)), "gone");
  });

  it("takes a stranger with the number of a dead engine for what it is", () => {
    const stranger = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
    children.push(stranger);
    assert.equal(holderOf(lockOf(stranger.pid)), "gone");
  });

  it("leaves an engine on another machine alone", () => {
    assert.equal(holderOf({ ...lock, host: "elsewhere" }), "at work");
  });
});

describe("removeLockFile", () => {
  it("removes this lock alone, and twice does no harm", () => {
    const { dir, remove } = temporaryFolder({ "a b/1.json": "{}", "a b/2.json": "{}" });
    const address = `${pathToFileURL(join(dir, "a b", "1.json")).href}?no_tmp_dir=true`;
    assert.equal(removeLockFile({ ...lock, address }), true);
    assert.equal(removeLockFile({ ...lock, address }), true);
    assert.deepEqual(
      ["1.json", "2.json"].map((name) => existsSync(join(dir, "a b", name))),
      [false, true],
    );
    remove();
  });

  it("doesn't know how to in another backend", () => {
    assert.equal(removeLockFile({ ...lock, address: "s3://state/.pulumi/locks/1.json" }), false);
  });
});
