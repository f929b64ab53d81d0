// Pythons and uv are scripts: that the real ones work is shown by every test that needs the real environment.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import {
  ensurePython,
  findInterpreter,
  findPython,
  pythonEnvironmentDir,
} from "../../toolchain/python";
import { UV_VERSION } from "../../toolchain/uv";
import { fakeProgram, refusal, temporaryFolder, withVariables } from "./helpers";

const quiet = () => undefined;
const folder = temporaryFolder();
let [number, bin, cache, lock] = [0, "", "", ""];

/** A PATH with nothing but the shell, a cache and a lock file of each test's own. */
function withFakes(): void {
  withVariables(() => {
    const own = path.join(folder, String(number++));
    [bin, cache, lock] = [
      path.join(own, "bin"),
      path.join(own, "cache"),
      path.join(own, "requirements.lock"),
    ];
    mkdirSync(bin, { recursive: true });
    for (const tool of ["mkdir", "ln", "cat", "echo"])
      fakeProgram(bin, tool, `exec /bin/${tool} "$@"`);
    writeFileSync(lock, "package==1.0.0 --hash=sha256:00\n");
    return { PATH: bin, TOLLGATE_CACHE: cache };
  });
}

const pythonOnPath = (name: string, version: string) => fakeProgram(bin, name, `echo ${version}`);
/** Makes an environment whose interpreter is a link to the one on PATH; `sync` is what `uv pip sync` does. */
const uvOnPath = (sync = "exit 0") =>
  fakeProgram(
    bin,
    "uv",
    `echo "$@" >> ${bin}/asked
     if [ "$1" = pip ]; then ${sync}; fi
     for last; do :; done; mkdir -p "$last/bin"
     while [ "$1" != --python ]; do shift; done; ln -s "$2" "$last/bin/python"`,
  );

describe("pythonEnvironmentDir", () => {
  withFakes();

  it("is named by the content of the lock alone", () => {
    const first = pythonEnvironmentDir(lock);
    const copy = path.join(path.dirname(lock), "copy.lock");
    writeFileSync(copy, readFileSync(lock));
    assert.equal(pythonEnvironmentDir(copy), first);
    assert.equal(path.dirname(first), path.join(cache, "tollgate", "python"));
    writeFileSync(lock, "package==2.0.0 --hash=sha256:00\n");
    assert.notEqual(pythonEnvironmentDir(lock), first);
  });

  it("refuses a lock that isn't there", () => {
    assert.throws(() => pythonEnvironmentDir("/nowhere/requirements.lock"), {
      message:
        "The file of locked Python requirements /nowhere/requirements.lock can't be read: it has to exist, made by `tollgate lock`.",
    });
  });
});

describe("findInterpreter", () => {
  withFakes();

  it("takes the first Python that is new enough", async () => {
    pythonOnPath("python3", "3.9.2");
    const command = pythonOnPath("python3.12", "3.12.4");
    assert.deepEqual(await findInterpreter(), { command, version: "3.12.4" });
  });

  it("refuses Pythons that are too old, with their versions", async () => {
    pythonOnPath("python3", "3.10.14");
    const message = `Tollgate needs Python 3.11 or newer on PATH, and ${bin}/python3 is 3.10.14: install a newer Python.`;
    assert.equal(await refusal(findInterpreter()), message);
  });

  it("refuses when there is no Python", async () => {
    const message =
      "Tollgate needs Python 3.11 or newer on PATH, and none was found: install a newer Python.";
    assert.equal(await refusal(findInterpreter()), message);
  });
});

describe("ensurePython", () => {
  withFakes();

  it("makes the environment once, from the lock with its hashes, and finds it afterwards", async () => {
    pythonOnPath("python3", "3.11.7");
    uvOnPath();
    assert.equal(findPython(lock), null);
    const made = await ensurePython(lock, { progress: quiet });
    const dir = pythonEnvironmentDir(lock);
    assert.deepEqual(made, { dir, python: path.join(dir, "bin", "python"), version: "3.11.7" });
    const asked = readFileSync(path.join(bin, "asked"), "utf8");
    assert.match(
      asked,
      new RegExp(
        `^venv --relocatable .*\npip sync --require-hashes --compile-bytecode --python \\S+ ${lock}\n$`,
      ),
    );
    assert.deepEqual(findPython(lock), made);
    assert.deepEqual(await ensurePython(lock, { progress: quiet }), made);
    assert.equal(readFileSync(path.join(bin, "asked"), "utf8"), asked);
  });

  it("compiles one that was made without, once", async () => {
    fakeProgram(
      bin,
      "python3",
      `if [ "$2" = compileall ]; then echo "$@" >> ${bin}/compiled; exit 1; fi; echo 3.11.7`,
    );
    uvOnPath();
    const { dir } = await ensurePython(lock, { progress: quiet });
    assert.equal(existsSync(path.join(bin, "compiled")), false);
    writeFileSync(path.join(dir, "tollgate.json"), '{"version":"3.11.7"}');
    for (let times = 0; times < 2; times++) await ensurePython(lock, { progress: quiet });
    const asked = readFileSync(path.join(bin, "compiled"), "utf8");
    assert.equal(asked, `-m compileall -q -j 0 ${dir}/lib\n`);
  });

  it("makes it anew when its interpreter was upgraded away", async () => {
    const old = pythonOnPath("python3.11", "3.11.7");
    uvOnPath();
    await ensurePython(lock, { progress: quiet });
    rmSync(old);
    assert.equal(findPython(lock), null);
    pythonOnPath("python3.12", "3.12.1");
    assert.equal((await ensurePython(lock, { progress: quiet })).version, "3.12.1");
  });

  it("refuses packages that can't be installed in one sentence, with no half environment", async () => {
    pythonOnPath("python3", "3.11.7");
    uvOnPath("echo 'error: no network' >&2; exit 2");
    assert.equal(
      await refusal(ensurePython(lock, { progress: quiet })),
      `The packages of ${lock} could not be installed (\`uv pip\` ended with exit code 2: error: no network): ` +
        "check the network, then run the command again.",
    );
    assert.deepEqual(readdirSync(path.join(cache, "tollgate", "python")), []);
  });

  it("refuses a full disk while packages are installed, in one sentence", async () => {
    pythonOnPath("python3", "3.11.7");
    uvOnPath("echo 'failed to write: No space left on device (os error 28)' >&2; exit 2");
    assert.match(
      await refusal(ensurePython(lock, { progress: quiet })),
      /^The disk is full, so the Python environment /,
    );
  });

  it("fetches uv as a Python package when none is on PATH, by pip alone where environments can't be made", async () => {
    const uv = `#!/bin/sh\\n[ $1 = pip ] && exit\\nfor last; do :; done; mkdir -p "$last/bin"; ln -s ${bin}/python3 "$last/bin/python"\\n`;
    fakeProgram(
      bin,
      "python3",
      `case "$2" in
         "import platform"*) echo 3.11.7 ;;
         venv) echo "No module named ensurepip" >&2; exit 1 ;;
         pip) for last; do :; done; mkdir -p "$last/bin"; printf '${uv}' > "$last/bin/uv"; /bin/chmod +x "$last/bin/uv" ;;
       esac`,
    );
    await ensurePython(lock, { progress: quiet });
    const [version] = readdirSync(path.join(cache, "tollgate", "uv"));
    assert.ok(existsSync(path.join(cache, "tollgate", "uv", version as string, "uv")));
  });

  it("refuses in one sentence when uv can't be fetched at all", async () => {
    fakeProgram(
      bin,
      "python3",
      `case "$2" in "import platform"*) echo 3.11.7 ;; *) echo "No module named $2" >&2; exit 1 ;; esac`,
    );
    assert.equal(
      await refusal(ensurePython(lock, { progress: quiet })),
      `uv ${UV_VERSION} could not be fetched with ${bin}/python3 (\`python3 -m\` ended with exit code 1: No module named venv; ` +
        "`python3 -m` ended with exit code 1: No module named pip): install uv and put it on PATH, or install Python's " +
        "venv and pip modules (python3-venv and python3-pip on Debian) and run the command again.",
    );
  });
});
