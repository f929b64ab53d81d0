import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { homedir } from "node:os";
import { join } from "node:path";
import { findSigningKey, lifetime } from "../../../cli/signing/signing";
import { temporaryFolder } from "../support/project";

describe("findSigningKey", () => {
  let folder: ReturnType<typeof temporaryFolder>;
  const kept = { ...process.env };
  const inFolder = (path: string) => join(folder.dir, path);

  beforeEach(() => {
    folder = temporaryFolder({ "home/keys/git": "", "home/keys/git.pub": "", "project/own": "" });
    process.env.HOME = inFolder("home");
    delete process.env.TOLLGATE_SIGNING_KEY;
    execFileSync("git", ["init", "--quiet", inFolder("project")]);
  });
  afterEach(() => {
    process.env.HOME = kept.HOME;
    if (kept.TOLLGATE_SIGNING_KEY === undefined) delete process.env.TOLLGATE_SIGNING_KEY;
    else process.env.TOLLGATE_SIGNING_KEY = kept.TOLLGATE_SIGNING_KEY;
    folder.remove();
  });

  const git = (...args: string[]) =>
    execFileSync("git", ["-C", inFolder("project"), "config", ...args]);
  const find = (given?: string) => findSigningKey(given, inFolder("project"));

  it("finds none where there is none", () => {
    assert.equal(homedir(), inFolder("home"));
    assert.equal(find(), null);
  });

  it("takes --key before the variable, and the variable before git's key", () => {
    process.env.TOLLGATE_SIGNING_KEY = "/from/variable";
    git("gpg.format", "ssh");
    git("user.signingkey", inFolder("home/keys/git"));
    assert.equal(find("/from/option"), "/from/option");
    assert.equal(find(), "/from/variable");
    delete process.env.TOLLGATE_SIGNING_KEY;
    assert.equal(find(), inFolder("home/keys/git"));
  });

  it("takes the private half of git's public key, also under the home folder", () => {
    git("gpg.format", "ssh");
    git("user.signingkey", "~/keys/git.pub");
    assert.equal(find(), inFolder("home/keys/git"));
  });

  it("leaves git's key alone when it is for GPG, written out, or gone", () => {
    git("user.signingkey", inFolder("home/keys/git"));
    assert.equal(find(), null);
    git("gpg.format", "ssh");
    for (const key of ["key::ssh-ed25519 AAAA", inFolder("home/keys/gone")]) {
      git("user.signingkey", key);
      assert.equal(find(), null);
    }
  });

  it("takes the usual key of ssh last", () => {
    folder.remove();
    folder = temporaryFolder({ "home/.ssh/id_ed25519": "", "project/x": "" });
    process.env.HOME = inFolder("home");
    assert.equal(find(), inFolder("home/.ssh/id_ed25519"));
  });
});

describe("lifetime", () => {
  it("reads hours and days", () => {
    assert.equal(lifetime("1h", "--for", 30), 3_600_000);
    assert.equal(lifetime("30d", "--for", 30), 30 * 24 * 3_600_000);
    assert.equal(lifetime("720h", "--for", 30), 720 * 3_600_000);
  });

  for (const text of [
    "",
    "1",
    "h",
    "0h",
    "1w",
    "721h",
    "31d",
    "1 d",
    "1e3h",
    "99999999d",
    undefined,
  ]) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      assert.throws(
        () => lifetime(text, "--for", 30),
        /^CliError: --for is ".*": give hours or days/,
      );
    });
  }
});
