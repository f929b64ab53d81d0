// Engines are fake executables and makers: what is under test is the choice, not Pulumi. No network.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import {
  ensureEngine,
  findEngine,
  type EnsureOptions,
  type Maker,
} from "../../../toolchain/engine";
import { fakeProgram, refusal, temporaryFolder, withVariables } from "../helpers";

const quiet = () => undefined;
const MEND =
  "install the Pulumi CLI 3.200 or newer, or install Go 1.21 or newer so that it can be built here.";

let [cache, bin] = ["", ""];
const folder = temporaryFolder();
let number = 0;

/** A cache and a PATH of each test's own; PATH holds only what the test puts there, and the shell. */
function isolated(forced?: string): void {
  withVariables(() => {
    const own = path.join(folder, String(number++));
    [cache, bin] = [path.join(own, "cache"), path.join(own, "bin")];
    mkdirSync(bin, { recursive: true });
    return {
      TOLLGATE_CACHE: cache,
      TOLLGATE_ENGINE: forced,
      PATH: `${bin}:${path.dirname(process.execPath)}:/bin`,
    };
  });
}

function pulumiOnPath(version: string, host = true): string {
  if (host) fakeProgram(bin, "pulumi-language-nodejs", "exit 0");
  return fakeProgram(bin, "pulumi", `echo asked >> ${bin}/asked; echo v${version}`);
}

const timesAsked = () => readFileSync(path.join(bin, "asked"), "utf8").trim().split("\n").length;

function maker(result: string | Error): Maker {
  return async (target) => {
    if (result instanceof Error) throw result;
    writeFileSync(path.join(target, "pulumi"), result);
  };
}

function ensure(vendor: string | Error, build: string | Error): ReturnType<typeof ensureEngine> {
  const options: EnsureOptions = {
    progress: quiet,
    makers: { vendor: maker(vendor), build: maker(build) },
  };
  return ensureEngine(options);
}

const unused = new Error("must not be asked");

describe("ensureEngine", () => {
  isolated();

  it("takes a compatible engine on PATH and asks its version once", async () => {
    const binary = pulumiOnPath("3.210.1");
    const expected = { binary, version: "3.210.1", source: "path", dir: bin };
    assert.deepEqual(await ensure(unused, unused), expected);
    assert.deepEqual(await ensure(unused, unused), expected);
    assert.deepEqual(await findEngine(), expected);
    assert.equal(timesAsked(), 1);
  });

  it("asks again when the engine on PATH was replaced", async () => {
    pulumiOnPath("3.210.1");
    await ensure(unused, unused);
    fakeProgram(bin, "pulumi", `echo v3.220.10`);
    assert.equal((await ensure(unused, unused)).version, "3.220.10");
  });

  it("puts our language host beside a copy of an engine that comes without one", async function () {
    this.timeout(30_000);
    pulumiOnPath("3.210.1", false);
    assert.equal(await findEngine(), null);
    const engine = await ensure(unused, unused);
    const dir = path.join(cache, "tollgate", "engine", "3.210.1-path");
    assert.deepEqual(engine, {
      binary: path.join(dir, "pulumi"),
      version: "3.210.1",
      source: "path",
      dir,
    });
    assert.ok(existsSync(path.join(dir, "pulumi-language-nodejs")));
    assert.deepEqual(await findEngine(), engine);
    assert.equal(existsSync(path.join(bin, "pulumi-language-nodejs")), false);
  });

  it("doesn't take its own engine on PATH for the user's", async () => {
    const made = await ensure("vendor's", unused);
    fakeProgram(made.dir, "pulumi", "echo v3.259.0");
    process.env["PATH"] = `${made.dir}:${process.env["PATH"]}`;
    assert.deepEqual(await findEngine(), made);
  });

  it("goes on to the vendor when the engine on PATH is too old", async () => {
    pulumiOnPath("3.199.9");
    const { source, version } = await ensure("vendor's", unused);
    assert.deepEqual({ source, version }, { source: "vendor", version: "3.259.0" });
  });

  it("builds when the vendor can't be reached, and keeps what was built", async () => {
    const built = await ensure(new Error("no vendor"), "built");
    assert.equal(built.source, "build");
    assert.equal(readFileSync(built.binary, "utf8"), "built");
    assert.deepEqual(await ensure(unused, unused), built);
    assert.deepEqual(await findEngine(), built);
  });

  it("refuses with everything that was tried when nothing works", async () => {
    const binary = pulumiOnPath("2.25.0");
    assert.equal(
      await refusal(ensure(new Error("the vendor is silent"), new Error("Go is not on PATH"))),
      `There is no Pulumi engine: ${binary} can't be used: its version is 2.25.0, and 3.200 or a newer 3.x is needed; ` +
        `the vendor is silent; Go is not on PATH; ${MEND}`,
    );
    assert.equal(await findEngine(), null);
  });

  it("refuses an engine on PATH of the next major version or without a version", async () => {
    const binary = pulumiOnPath("4.0.0");
    const none = () => refusal(ensure(new Error("v"), new Error("b")));
    assert.ok((await none()).includes(`${binary} can't be used: its version is 4.0.0`));
    fakeProgram(bin, "pulumi", "echo hello");
    assert.ok((await none()).includes(`${binary} can't be used: it doesn't tell its version`));
  });
});

describe("TOLLGATE_ENGINE=path", () => {
  isolated("path");

  it("refuses when no engine is on PATH, and tries nothing else", async () => {
    assert.equal(
      await refusal(ensure("vendor's", "built")),
      `TOLLGATE_ENGINE=path gives no Pulumi engine: no pulumi is on PATH; unset TOLLGATE_ENGINE, or ${MEND}`,
    );
  });
});

describe("TOLLGATE_ENGINE=build", () => {
  isolated("build");

  it("builds though an engine is on PATH", async () => {
    pulumiOnPath("3.210.1");
    assert.equal((await ensure(unused, "built")).source, "build");
  });

  it("refuses with the reason when the build fails, though an engine is on PATH", async () => {
    pulumiOnPath("3.210.1");
    assert.equal(
      await refusal(ensure("vendor's", new Error("Go is not on PATH"))),
      `TOLLGATE_ENGINE=build gives no Pulumi engine: Go is not on PATH; unset TOLLGATE_ENGINE, or ${MEND}`,
    );
  });
});

describe("TOLLGATE_ENGINE=docker", () => {
  isolated("docker");

  it("refuses a source that doesn't exist", async () => {
    const message = 'TOLLGATE_ENGINE is "docker": write path, vendor or build, or unset it.';
    assert.equal(await refusal(ensure("vendor's", "built")), message);
    assert.equal(await refusal(findEngine()), message);
  });
});
