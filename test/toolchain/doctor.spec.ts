// Looks at the real machine for what every run of these tests needs (Node, npm packages); the rest is fake.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { diagnose, type Part } from "../../toolchain/doctor";
import { fakeProgram, temporaryFolder, withVariables } from "./helpers";

const folder = temporaryFolder();
let [number, bin, lock] = [0, "", ""];

describe("diagnose", function () {
  this.timeout(20_000);
  withVariables(() => {
    const own = path.join(folder, String(number++));
    [bin, lock] = [path.join(own, "bin"), path.join(own, "requirements.lock")];
    mkdirSync(bin, { recursive: true });
    writeFileSync(lock, "");
    return { PATH: bin, TOLLGATE_CACHE: path.join(own, "cache"), TOLLGATE_ENGINE: undefined };
  });

  const named = (parts: Part[], name: string) => parts.find(({ part }) => part === name);

  it("names each part, with a way to mend what is missing", async () => {
    const parts = await diagnose(lock);
    assert.deepEqual(
      parts.map(({ part, status }) => [part, status]),
      [
        ["node", "ok"],
        ["npm packages", "ok"],
        ["git", "missing"],
        ["engine", "missing"],
        ["language host", "missing"],
        ["python", "missing"],
        ["uv", "missing"],
        ["python environment", "missing"],
        ["sandbox", "unknown"],
        ["go", "missing"],
        ["disk", "ok"],
      ],
    );
    const missing = parts.filter(({ status }) => status === "missing");
    assert.ok(missing.every(({ mend }) => mend !== null));
    assert.match(named(parts, "engine")?.mend ?? "", /doctor --fix$/);
  });

  it("asks for no Go when there is an engine, and tells where that came from", async () => {
    const binary = fakeProgram(bin, "pulumi", "echo v3.210.0");
    const host = fakeProgram(bin, "pulumi-language-nodejs", "echo 4711; exec /bin/sleep 5");
    const parts = await diagnose(lock);
    const expected = { status: "ok", mend: null };
    assert.deepEqual(named(parts, "engine"), {
      part: "engine",
      ...expected,
      version: "3.210.0",
      source: `${binary} (on PATH)`,
    });
    assert.deepEqual(named(parts, "language host"), {
      part: "language host",
      ...expected,
      version: null,
      source: host,
    });
    assert.equal(named(parts, "go"), undefined);
  });

  it("tells an engine and a Python that are too old from missing ones", async () => {
    fakeProgram(bin, "pulumi", "echo v2.0.0");
    fakeProgram(bin, "python3", "echo 3.8.10");
    const parts = await diagnose(lock);
    assert.equal(named(parts, "engine")?.status, "too-old");
    assert.match(named(parts, "engine")?.source ?? "", /its version is 2\.0\.0/);
    assert.equal(named(parts, "python")?.status, "too-old");
    assert.match(named(parts, "python")?.source ?? "", /python3 is 3\.8\.10/);
  });

  it("tells a language host that doesn't start", async () => {
    fakeProgram(bin, "pulumi", "echo v3.210.0");
    fakeProgram(bin, "pulumi-language-nodejs", "exit 1");
    assert.equal(named(await diagnose(lock), "language host")?.status, "broken");
  });
});
