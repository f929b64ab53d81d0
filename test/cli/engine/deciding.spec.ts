import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { decidingDigest, stateDigest } from "../../../cli/engine/deciding";
import { loadFromFile } from "../../../config/load";
import type { Settings } from "../../../config/settings";
import { temporaryFolder } from "../support/project";

const root = path.join(__dirname, "..", "..", "..");
const engine = { binary: process.execPath, version: "3.259.0" };

const projectFile = (main = root, provider = path.join(root, "provider"), backend = "file://.") =>
  `name: told\nruntime: nodejs\nmain: ${main}\nbackend: { url: "${backend}" }\n` +
  `plugins: { providers: [{ name: tollgate, path: ${provider} }] }\n`;
const stackText = (more = "") => `config:\n  tollgate:tier: dev\n  tollgate:model: told\n${more}`;

describe("what decides an up", function () {
  this.timeout(60_000);
  let dir: string;
  let remove: () => void;
  const write = (name: string, text: string) => fs.writeFileSync(path.join(dir, name), text);
  const settings = () => loadFromFile(dir, "dev");
  const digest = async (change: Partial<Settings> = {}) =>
    decidingDigest({ ...(await settings()), ...change } as Settings, engine);

  beforeEach(() => {
    ({ dir, remove } = temporaryFolder({
      "Pulumi.yaml": projectFile(),
      "Pulumi.dev.yaml": stackText(),
      "Pulumi.staging.yaml": stackText(),
      ".tollgate/passphrase": "words",
    }));
  });
  afterEach(() => remove());

  it("is the same as long as nothing of it changes", async () => {
    const before = await digest();
    assert.match(String(before), /^sha256:[0-9a-f]{64}$/);
    write("train.py", "print(1)");
    process.env["UNHEARD_OF"] = "1";
    try {
      assert.equal(await digest(), before);
    } finally {
      delete process.env["UNHEARD_OF"];
    }
  });

  const changes: Record<string, () => void> = {
    "a setting": () => write("Pulumi.dev.yaml", stackText("  tollgate:alias: other\n")),
    "a setting that only the policy pack reads": () =>
      write("Pulumi.dev.yaml", stackText("  tollgate:exposed: [told]\n")),
    "the project file": () => write("Pulumi.yaml", `${projectFile()}description: told\n`),
    "another environment's settings": () =>
      write("Pulumi.staging.yaml", stackText("  told:bucket: mine\n")),
    "another environment": () => write("Pulumi.qa.yaml", stackText()),
    "the passphrase": () => write(".tollgate/passphrase", "other words"),
  };
  for (const [what, change] of Object.entries(changes)) {
    it(`changes with ${what}`, async () => {
      const before = await digest();
      change();
      const after = await digest();
      assert.notEqual(after, null);
      assert.notEqual(after, before);
    });
  }

  it("changes with the engine, and with what the engine hears from its environment", async () => {
    const before = await digest();
    assert.notEqual(decidingDigest(await settings(), { ...engine, version: "3.300.0" }), before);
    process.env["PULUMI_OPTION_REFRESH"] = "true";
    try {
      assert.notEqual(await digest(), before);
    } finally {
      delete process.env["PULUMI_OPTION_REFRESH"];
    }
  });

  it("changes with the sources of the program, of the provider and of the policy pack", () => {
    const copy = path.join(dir, "copy");
    const left = new Set(["node_modules", "test", "docs"]);
    for (const name of fs.readdirSync(root).filter((each) => !/^\./.test(each))) {
      if (!left.has(name))
        fs.cpSync(path.join(root, name), path.join(copy, name), { recursive: true });
    }
    fs.symlinkSync(path.join(root, "node_modules"), path.join(copy, "node_modules"));
    write("Pulumi.yaml", projectFile(copy, path.join(copy, "provider")));
    const edited = ["index.ts", "provider/place.ts", "policies/guardrails/plain.ts"];
    const script = `
      const fs = require("node:fs");
      const { decidingDigest } = require("./cli/engine/deciding");
      const { loadFromFile } = require("./config/load");
      void loadFromFile(${JSON.stringify(dir)}, "dev").then((settings) => {
        const digest = () => decidingDigest(settings, ${JSON.stringify(engine)});
        const digests = [digest()];
        for (const file of ${JSON.stringify(edited)}) {
          fs.appendFileSync(file, "\\n// edited\\n");
          digests.push(digest());
        }
        console.log(JSON.stringify(digests));
      });`;
    fs.writeFileSync(path.join(copy, "edit.ts"), script);
    const printed = execFileSync(process.execPath, ["--import", "tsx", "edit.ts"], {
      cwd: copy,
      encoding: "utf8",
      env: { ...process.env, TOLLGATE_CACHE: path.join(dir, "cache") },
    });
    const digests = JSON.parse(printed) as (string | null)[];
    assert.ok(!digests.includes(null), printed);
    assert.equal(new Set(digests).size, 1 + edited.length, printed);
  });

  const untold: Record<string, () => void> = {
    "a program of the user's own": () => write("Pulumi.yaml", projectFile(dir)),
    "a provider of another Tollgate": () => {
      fs.mkdirSync(path.join(dir, "provider"));
      write("Pulumi.yaml", projectFile(root, path.join(dir, "provider")));
    },
    "a state in a bucket": () =>
      write("Pulumi.yaml", projectFile(root, undefined, "s3://states?region=eu-central-1")),
    "a file that can't be read": () => fs.mkdirSync(path.join(dir, "Pulumi.qa.yaml")),
  };
  for (const [what, change] of Object.entries(untold)) {
    it(`can't be told of ${what}`, async () => {
      change();
      assert.equal(await digest(), null);
    });
  }

  it("can't be told of a cluster", async () => {
    assert.equal(await digest({ runtime: "kubernetes" }), null);
  });
});

describe("stateDigest", () => {
  it("is of the state's bytes, and of none while there is a lock", async () => {
    const { dir, remove } = temporaryFolder({
      "Pulumi.yaml": projectFile(),
      "Pulumi.dev.yaml": stackText(),
    });
    try {
      const settings = await loadFromFile(dir, "dev");
      assert.equal(stateDigest(settings), null);
      const state = path.join(dir, ".pulumi", "stacks", "told", "dev.json");
      fs.mkdirSync(path.dirname(state), { recursive: true });
      fs.writeFileSync(state, "{}");
      const before = stateDigest(settings);
      assert.match(String(before), /^sha256:[0-9a-f]{64}$/);
      fs.writeFileSync(state, "{ }");
      assert.notEqual(stateDigest(settings), before);
      const locks = path.join(dir, ".pulumi", "locks", "organization", "told", "dev");
      fs.mkdirSync(locks, { recursive: true });
      assert.notEqual(stateDigest(settings), null);
      fs.writeFileSync(path.join(locks, "1.json"), "{}");
      assert.equal(stateDigest(settings), null);
    } finally {
      remove();
    }
  });
});
