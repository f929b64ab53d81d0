import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { engineEnvironment } from "../../../toolchain/engine";
import { temporaryFolder, withVariables } from "../helpers";

const folder = temporaryFolder();
const engine = { dir: "/engine" };

describe("engineEnvironment", () => {
  withVariables(() => ({
    TOLLGATE_CACHE: path.join(folder, "cache"),
    PULUMI_HOME: undefined,
    PULUMI_CONFIG_PASSPHRASE: undefined,
    PULUMI_CONFIG_PASSPHRASE_FILE: undefined,
    PATH: "/bin",
  }));

  it("puts the engine first on PATH and gives it a home in our cache", () => {
    const environment = engineEnvironment(engine, folder);
    assert.equal(environment["PATH"], "/engine:/bin");
    assert.equal(environment["PULUMI_HOME"], path.join(folder, "cache", "tollgate", "pulumi"));
    assert.equal(environment["PULUMI_SKIP_UPDATE_CHECK"], "true");
  });

  it("keeps the engine from writing traces into a home that is ours, and leaves a user's alone", () => {
    const home = path.join(folder, "cache", "tollgate", "pulumi");
    const traces = path.join(home, "logs");
    rmSync(traces, { force: true });
    mkdirSync(traces, { recursive: true });
    writeFileSync(path.join(traces, "old.log"), "of an earlier run");
    engineEnvironment(engine, folder);
    assert.ok(statSync(traces).isFile());
    const own = path.join(folder, "own-home");
    mkdirSync(path.join(own, "logs"), { recursive: true });
    process.env["PULUMI_HOME"] = own;
    engineEnvironment(engine, folder);
    assert.ok(statSync(path.join(own, "logs")).isDirectory());
  });

  it("makes one passphrase per project, in a file that only the user can read", () => {
    const project = path.join(folder, "project");
    const file = engineEnvironment(engine, project)["PULUMI_CONFIG_PASSPHRASE_FILE"] as string;
    assert.equal(file, path.join(project, ".tollgate", "passphrase"));
    assert.equal(statSync(file).mode & 0o777, 0o600);
    const first = readFileSync(file, "utf8");
    assert.match(first, /^[\w-]{32}$/);
    assert.match(readFileSync(path.join(project, ".tollgate", ".gitignore"), "utf8"), /^\*$/m);
    engineEnvironment(engine, project);
    assert.equal(readFileSync(file, "utf8"), first);
    const other = path.join(folder, "other");
    engineEnvironment(engine, other);
    assert.notEqual(readFileSync(path.join(other, ".tollgate", "passphrase"), "utf8"), first);
  });

  it("refuses a project folder where the passphrase can't be kept", () => {
    const project = path.join(folder, "read-only");
    mkdirSync(project);
    writeFileSync(path.join(project, ".tollgate"), "a file where the folder should be");
    assert.throws(() => engineEnvironment(engine, project), {
      message:
        `The passphrase of this project's secrets can't be kept in ${project}/.tollgate/passphrase (EEXIST): make its ` +
        "folder writable, free some space, or set PULUMI_CONFIG_PASSPHRASE_FILE to a file of your own.",
    });
  });

  it("leaves a passphrase and a home that the user gives alone", () => {
    process.env["PULUMI_CONFIG_PASSPHRASE"] = "";
    process.env["PULUMI_HOME"] = "/home/of/the/user";
    const environment = engineEnvironment(engine, path.join(folder, "given"));
    assert.equal(environment["PULUMI_CONFIG_PASSPHRASE_FILE"], undefined);
    assert.equal(environment["PULUMI_CONFIG_PASSPHRASE"], "");
    assert.equal(environment["PULUMI_HOME"], "/home/of/the/user");
  });
});
