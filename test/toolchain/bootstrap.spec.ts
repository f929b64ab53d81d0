// npm is a script here: that the real `npm ci` works is shown by every fresh clone.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fakeProgram, temporaryFolder } from "./helpers";

const here = path.join(__dirname, "..", "..", "toolchain");
const LOCK = JSON.stringify({ packages: { "node_modules/a": { version: "1.0.0" } } });

describe("bootstrap", function () {
  this.timeout(20_000);
  const folder = temporaryFolder();
  let number = 0;

  /** A clone without packages, and an npm that runs a script. */
  function newClone(npm: string) {
    const clone = path.join(folder, String(number++));
    mkdirSync(path.join(clone, "toolchain"), { recursive: true });
    for (const name of ["bootstrap.mjs", "requirements.cjs"])
      copyFileSync(path.join(here, name), path.join(clone, "toolchain", name));
    writeFileSync(path.join(clone, "package-lock.json"), LOCK);
    fakeProgram(path.join(clone, "bin"), "npm", `echo "$@" >> ${clone}/asked; ${npm}`);
    return clone;
  }

  const start = (clone: string, ...args: string[]) =>
    spawnSync(process.execPath, ["toolchain/bootstrap.mjs", ...args], {
      cwd: clone,
      encoding: "utf8",
      env: { ...process.env, PATH: `${clone}/bin:${process.env["PATH"]}` },
    });

  it("installs the packages first, once, and hands over arguments and exit code", () => {
    const clone = newClone(
      "mkdir -p node_modules && cp package-lock.json node_modules/.package-lock.json",
    );
    const command = [
      "--",
      "node",
      "-e",
      "console.log(process.argv[1]); process.exitCode = 7",
      "x y",
    ];
    const first = start(clone, ...command);
    assert.deepEqual([first.stdout, first.status], ["x y\n", 7]);
    assert.match(
      first.stderr,
      /^Installing the npm packages.*\nInstalled the npm packages \(\d+ s\)\n$/,
    );
    const second = start(clone, ...command);
    assert.deepEqual([second.stdout, second.stderr, second.status], ["x y\n", "", 7]);
    assert.equal(readFileSync(path.join(clone, "asked"), "utf8"), "ci --no-audit --no-fund\n");
  });

  it("installs again when the lock wants another version", () => {
    const clone = newClone(
      "mkdir -p node_modules && cp package-lock.json node_modules/.package-lock.json",
    );
    start(clone, "--", "node", "-e", "");
    writeFileSync(path.join(clone, "package-lock.json"), LOCK.replace("1.0.0", "1.0.1"));
    start(clone, "--", "node", "-e", "");
    assert.equal(readFileSync(path.join(clone, "asked"), "utf8").trim().split("\n").length, 2);
  });

  it("refuses to go on in one sentence when the packages can't be installed", () => {
    const clone = newClone("echo 'npm error network is unreachable' >&2; exit 1");
    const { status, stderr, stdout } = start(clone, "--", "node", "-e", "console.log('ran')");
    assert.equal(status, 1);
    assert.equal(stdout, "");
    assert.equal(
      stderr.trim().split("\n").at(-1),
      `The npm packages could not be installed (exit code 1): npm error network is unreachable; run \`npm ci\` in ${clone} to see more.`,
    );
  });

  it("refuses to run nothing", () => {
    const { status, stderr } = start(
      newClone("mkdir -p node_modules && cp package-lock.json node_modules/.package-lock.json"),
    );
    assert.equal(status, 1);
    assert.match(
      stderr,
      /What to run is missing: write `node toolchain\/bootstrap\.mjs -- <command> \[arguments\]`\.\n$/,
    );
  });

  it("passes a signal on and ends as its command does", async () => {
    const clone = newClone(
      "mkdir -p node_modules && cp package-lock.json node_modules/.package-lock.json",
    );
    start(clone, "--", "node", "-e", "");
    const script =
      "process.on('SIGTERM', () => { console.log('told'); process.exit(5); }); setInterval(() => {}, 1000); console.log('up')";
    const child = spawn(process.execPath, ["toolchain/bootstrap.mjs", "--", "node", "-e", script], {
      cwd: clone,
      stdio: ["ignore", "pipe", "inherit"],
    });
    let printed = "";
    child.stdout.on("data", (data) => {
      printed += data;
      if (printed === "up\n") child.kill("SIGTERM");
    });
    const [code] = await once(child, "close");
    assert.deepEqual([printed, code], ["up\ntold\n", 5]);
  });
});
