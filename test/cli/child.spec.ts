import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { endOf, runChild } from "../../cli/child";
import { Output } from "../../cli/terminal/output";
import { capture } from "./support/streams";

describe("runChild", function () {
  this.timeout(20_000);

  function start(script: string, timeoutSeconds = 10) {
    const streams = capture();
    const request = {
      command: "sh",
      args: ["-c", script],
      cwd: process.cwd(),
      env: process.env,
      timeoutSeconds,
      what: "Test",
    };
    return { streams, result: runChild(request, new Output(streams, false, false)) };
  }

  it("shows stdout and stderr on stderr and keeps stdout", async () => {
    const { streams, result } = start("echo one; echo two >&2; exit 3");
    const { code, stdout } = await result;
    assert.deepEqual([code, stdout, streams.out()], [3, "one\n", ""]);
    assert.deepEqual(streams.err().split("\n").sort(), ["", "one", "two"]);
  });

  it("knows the last line", async () => {
    assert.equal((await start("echo one; echo 'it broke'; echo").result).lastLine, "it broke");
    assert.equal((await start("true").result).lastLine, "");
  });

  it("stops a child that takes too long, with everything it started", async () => {
    const { result } = start("sleep 98765 & echo $!; wait", 0.3);
    const { timedOut, stdout } = await result;
    assert.equal(timedOut, true);
    // Gone, or dead and not yet collected by the process that inherited it.
    const { stdout: state } = spawnSync("ps", ["-o", "stat=", "-p", stdout.trim()], {
      encoding: "utf8",
    });
    assert.match(state.trim(), /^(Z.*)?$/);
  });

  it("passes the failure to start on", async () => {
    const request = {
      command: "/no/such",
      args: [],
      cwd: "/",
      env: {},
      timeoutSeconds: 1,
      what: "x",
    };
    await assert.rejects(runChild(request, new Output(capture(), false, false)), {
      code: "ENOENT",
    });
  });
});

describe("endOf", () => {
  it("says exit code or signal", () => {
    assert.equal(endOf({ code: 3, signal: null }), "exit code 3");
    assert.equal(endOf({ code: null, signal: "SIGKILL" }), "signal SIGKILL");
  });
});
