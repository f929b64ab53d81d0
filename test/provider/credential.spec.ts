import assert from "node:assert/strict";
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { credentialType } from "../../provider/types/credential";

describe("credentialType", () => {
  let folder: string;
  let file: string;

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "tollgate-credential-"));
    file = path.join(folder, "secrets", "password");
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const create = async (change = {}) =>
    (await credentialType.create({ path: file, bytes: 24, deleteData: false, ...change })).outputs;
  const diff = async (olds: Awaited<ReturnType<typeof create>>, change = {}) =>
    (await credentialType.diff("", olds, { ...olds, ...change })).changes;
  const mode = (what: string) => statSync(what).mode & 0o777;

  it("writes random hex into a file for the user only, and tells only a fingerprint", async () => {
    const outputs = await create();
    const value = readFileSync(file, "utf8");
    assert.match(value, /^[0-9a-f]{48}$/);
    assert.equal(mode(file), 0o600);
    assert.equal(mode(path.dirname(file)), 0o700);
    assert.match(outputs.fingerprint, /^[0-9a-f]{12}$/);
    assert.ok(!JSON.stringify(outputs).includes(value));
    assert.equal(await diff(outputs), false);
  });

  it("makes a different secret each time", async () => {
    const first = await create();
    const second = await create({ path: path.join(folder, "other") });
    assert.notEqual(first.fingerprint, second.fingerprint);
  });

  it("adopts a secret that is there: the data it opens may be older than the state", async () => {
    const first = await create();
    const value = readFileSync(file, "utf8");
    assert.deepEqual(await create({ bytes: 32 }), { ...first, bytes: 32 });
    assert.equal(readFileSync(file, "utf8"), value);
  });

  it("makes one in place of an empty file, as a full disk leaves it", async () => {
    const first = await create();
    writeFileSync(file, "");
    assert.equal(await diff(first), true);
    assert.notEqual((await create()).fingerprint, first.fingerprint);
  });

  it("sees a lost secret, and makes a new one with another fingerprint", async () => {
    const first = await create();
    rmSync(file);
    assert.equal(await credentialType.read("", first), null);
    assert.equal(await diff(first), true);
    const second = await credentialType.update("", first, first);
    assert.notEqual(second.fingerprint, first.fingerprint);
    assert.equal(await diff(second), false);
  });

  it("sees a secret that someone changed", async () => {
    const first = await create();
    writeFileSync(file, "changed");
    assert.equal(await diff(first), true);
    const seen = await credentialType.read("", first);
    assert.notEqual(seen?.fingerprint, first.fingerprint);
  });

  it("takes away what others may do with the file", async () => {
    const first = await create();
    chmodSync(file, 0o644);
    assert.equal(await diff(first), true);
    await credentialType.read("", first);
    assert.equal(mode(file), 0o600);
  });

  it("is replaced when its path changes", async () => {
    const first = await create();
    const moved = { ...first, path: path.join(folder, "elsewhere") };
    assert.deepEqual(await credentialType.diff("", first, moved), {
      changes: true,
      replaces: ["path"],
    });
  });

  it("keeps the file on delete unless the data is deleted too", async () => {
    const outputs = await create();
    await credentialType.delete("", outputs);
    assert.equal(existsSync(file), true);
    await credentialType.delete("", { ...outputs, deleteData: true });
    await credentialType.delete("", { ...outputs, deleteData: true });
    assert.equal(existsSync(file), false);
  });

  it("refuses a folder that can't be written, naming the file", async () => {
    writeFileSync(path.join(folder, "secrets"), "a file where the folder shall be");
    await assert.rejects(
      create(),
      /^Error: cannot write the secret file .*password \(E[A-Z]+: .*\); make its/,
    );
  });
});
