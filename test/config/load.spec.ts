import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { loadFromFile, loadFromPulumi } from "../../config/load";
import type { Settings } from "../../config/settings";
import { SettingsError } from "../../project/errors";
import { digest, withProject } from "./fixtures";

const stack = `# one environment
config:
  tollgate:tier: staging
  tollgate:model: churn-model
  tollgate:pin: 2@${digest}
  tollgate:scorer:
    port: 8123
    replicas: 2
  tollgate:gates: { metric-floor: { floors: { accuracy: 0.85 } } }
  tollgate:evaluation: { data: eval.csv, label: churned, maxRows: 1000 }
  aws:region: eu-central-1
encryptionsalt: v1:abc
`;

/** The same settings as the engine hands them to a program: texts, groups as JSON. */
const engine = {
  "tollgate:tier": "staging",
  "tollgate:model": "churn-model",
  "tollgate:pin": `2@${digest}`,
  "tollgate:scorer": '{"port":8123,"replicas":2}',
  "tollgate:gates": '{"metric-floor":{"floors":{"accuracy":0.85}}}',
  "tollgate:evaluation": '{"data":"eval.csv","label":"churned","maxRows":1000}',
  "aws:region": "eu-central-1",
};

function load(text: string): Promise<Settings> {
  return withProject({ "Pulumi.staging.yaml": text }, (dir) => loadFromFile(dir, "staging"));
}

async function problems(text: string): Promise<readonly string[]> {
  const error: unknown = await load(text).then(
    () => assert.fail("nothing was refused"),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof SettingsError, String(error));
  return error.problems;
}

const minimal = "config:\n  tollgate:tier: staging\n  tollgate:model: churn-model\n";

describe("loadFromFile", () => {
  it("reads the keys of ours and leaves the others alone", async () => {
    const settings = await load(stack);
    assert.equal(settings.stack, "staging");
    assert.equal(settings.pin?.version, "2");
    assert.equal(settings.scorer.port, 8123);
    assert.equal(settings.evaluation?.maxRows, 1000);
    assert.deepEqual(settings.gates["metric-floor"]?.settings, {
      floors: { accuracy: 0.85 },
      ceilings: {},
      significance: 0.05,
    });
    assert.ok(fs.existsSync(settings.requirements), settings.requirements);
  });

  it("takes a number for a text where YAML sees one, as the engine does", async () => {
    const text = minimal.replace("churn-model", "2024");
    assert.equal((await load(text)).model, "2024");
  });

  it("takes a group that was written as JSON, as the engine does", async () => {
    const text = `${minimal}  tollgate:scorer: '{"port": 8123}'\n`;
    assert.equal((await load(text)).scorer.port, 8123);
  });

  it("takes a file that ends in .yml", async () => {
    const settings = await withProject({ "Pulumi.dev.yml": minimal }, (dir) =>
      loadFromFile(dir, "dev"),
    );
    assert.equal(settings.stack, "dev");
  });

  it("takes a link to the folder for the folder", async () => {
    await withProject({ "there/Pulumi.dev.yaml": minimal }, async (dir) => {
      fs.symlinkSync(path.join(dir, "there"), path.join(dir, "link"));
      const { projectDir, stateDir } = await loadFromFile(path.join(dir, "link"), "dev");
      const there = fs.realpathSync(path.join(dir, "there"));
      assert.deepEqual([projectDir, stateDir], [there, path.join(there, ".tollgate", "dev")]);
    });
  });

  it("refuses a stack without a file, and lists those there are", async () => {
    await withProject({ "Pulumi.prod.yaml": minimal, "Pulumi.dev.yaml": minimal }, (dir) =>
      assert.rejects(
        loadFromFile(dir, "stagin"),
        new SettingsError(
          `Stack "stagin" has no file Pulumi.stagin.yaml in ${dir}; there are dev, prod.`,
        ),
      ),
    );
  });

  it("refuses a stack name that leads out of the folder", async () => {
    await withProject({ "Pulumi.dev.yaml": minimal }, (dir) =>
      assert.rejects(
        loadFromFile(dir, "../dev"),
        /^SettingsError: "..\/dev" is no name for a stack/,
      ),
    );
  });

  it("refuses a file that isn't YAML, in one line", async () => {
    const [problem] = await problems("config:\n  tollgate:tier: [staging\n");
    assert.match(
      problem!,
      /Pulumi\.staging\.yaml can't be read as YAML: .* at line \d+, column \d+\.$/,
    );
    assert.equal(problem!.includes("\n"), false);
  });

  it("refuses a key that is there twice", async () => {
    const [problem] = await problems(`${minimal}  tollgate:tier: dev\n`);
    assert.match(problem!, /can't be read as YAML: Map keys must be unique at line 4/);
  });

  it("refuses a config that is a list, and an empty file", async () => {
    assert.match(
      (await problems("config: [1]\n"))[0]!,
      /"config" that isn't a group of settings\.$/,
    );
    assert.equal((await problems("")).length, 2);
  });

  it("refuses a secret, wherever it stands", async () => {
    const text = `${minimal}  tollgate:alias: { secure: AAAB }\n  tollgate:train:\n    command: [{ secure: AAAB }]\n    data: d\n`;
    assert.deepEqual(await problems(text), [
      "tollgate:alias: is a secret, and settings hold none; name an environment variable",
      "tollgate:train.command[0]: is a secret, and settings hold none; name an environment variable",
    ]);
  });

  it("refuses a date without quotes, which the engine would rewrite", async () => {
    const text = `${minimal}  tollgate:train:\n    command: [a]\n    data: d\n    dataVersion: 2026-01-31\n`;
    assert.deepEqual(await problems(text), [
      "tollgate:train.dataVersion: is a date without quotes; write it in quotes",
    ]);
  });
});

describe("loadFromFile, of keys that aren't ours", () => {
  const ours = `name: churn\nruntime: nodejs\nmain: ${path.resolve(__dirname, "..", "..")}\n`;
  const theirs = "name: churn\nruntime: nodejs\nmain: ./program\n";

  /** What is said of a file with more lines in `config`, or beside it. */
  const said = (project: string, more: string) =>
    withProject({ "Pulumi.yaml": project, "Pulumi.staging.yaml": minimal + more }, (dir) =>
      loadFromFile(dir, "staging").then(
        () => [],
        (error: unknown) => (error as SettingsError).problems,
      ),
    );

  const wrong: [what: string, more: string, problem: RegExp][] = [
    [
      "a namespace that is nearly ours",
      "  tolgate:scorr: { port: 1 }\n",
      /^tolgate:scorr: unknown namespace tolgate, did you mean tollgate:scorer\?$/,
    ],
    [
      "our namespace with a capital",
      "  Tollgate:gates: {}\n",
      /^Tollgate:gates: unknown namespace Tollgate, did you mean tollgate:gates\?$/,
    ],
    [
      "such a namespace with a name that is near none",
      "  tollgates:zzzzzz: 1\n",
      /^tollgates:zzzzzz: unknown namespace tollgates, settings are .*tollgate:scorer/,
    ],
    [
      "a setting that is nearly ours",
      "  tollgate:scorr: { port: 1 }\n",
      /^tollgate:scorr: unknown key, did you mean scorer\?$/,
    ],
    [
      "no namespace",
      "  scorer: { port: 1 }\n",
      /^scorer: has not the namespace tollgate, did you mean tollgate:scorer\?$/,
    ],
    [
      "the project's namespace, which nobody reads",
      "  churn:evaluaton: {}\n",
      /^churn:evaluaton: has not the namespace tollgate, did you mean tollgate:evaluation\?$/,
    ],
    [
      "a setting beside config",
      "tollgate:release: { watchSeconds: 1 }\n",
      /^tollgate:release: stands beside config, write it inside, indented$/,
    ],
  ];
  for (const [what, more, problem] of wrong) {
    it(`refuses ${what}`, async () => {
      const problems = await said(ours, more);
      assert.equal(problems.length, 1, problems.join());
      assert.match(problems[0]!, problem);
    });
  }

  it("leaves alone what Pulumi's packages and a program of one's own read", async () => {
    const others = "  aws:region: eu-central-1\n  pulumi:tags: { a: b }\nencryptionsalt: v1:abc\n";
    assert.deepEqual(await said(ours, others), []);
    assert.deepEqual(await said(theirs, `  scorer: 1\n  churn:model: x\n${others}`), []);
    assert.match(
      (await said(theirs, "  tolgate:model: x\n"))[0]!,
      /^tolgate:model: unknown namespace/,
    );
  });
});

describe("loadFromPulumi", () => {
  const set = async (config: Record<string, string>, secret: string[] = []) => {
    await pulumi.runtime.setMocks(
      { newResource: () => ({ id: "", state: {} }), call: () => ({}) },
      "churn",
      "staging",
    );
    pulumi.runtime.setAllConfig(config, secret);
  };

  after(() => pulumi.runtime.setAllConfig({}));

  it("gives the same settings as the file does", async () => {
    await set(engine);
    const fromEngine = await loadFromPulumi();
    const { projectDir } = fromEngine;
    const fromFile = await load(stack);
    const stateDir = path.join(projectDir, ".tollgate", "staging");
    const signers = path.resolve(projectDir, "signers", "staging.allowed_signers");
    const revokedKeys = path.resolve(projectDir, "signers", "revoked_keys");
    const credentials = { passwordFile: path.join(stateDir, "secrets", "registry-password") };
    const trackingServer = { ...fromFile.trackingServer, credentials };
    const placed = { projectDir, stateDir, signers, revokedKeys, trackingServer };
    assert.deepEqual(fromEngine, { ...fromFile, ...placed });
  });

  it("refuses a secret", async () => {
    await set(engine, ["tollgate:model"]);
    await assert.rejects(loadFromPulumi(), {
      message:
        "Pulumi.staging.yaml has a wrong setting:\n" +
        "  tollgate:model: is a secret, and settings hold none; name an environment variable",
    });
  });

  it("refuses a namespace that is nearly ours, as the file's reader does", async () => {
    await set({ ...engine, "tolgate:scorr": '{"port":1}' });
    await assert.rejects(loadFromPulumi(), {
      message:
        "Pulumi.staging.yaml has a wrong setting:\n" +
        "  tolgate:scorr: unknown namespace tolgate, did you mean tollgate:scorer?",
    });
  });

  it("refuses a date that the engine has rewritten", async () => {
    const train = { command: ["a"], data: "d", dataVersion: "2026-01-31 00:00:00 +0000 UTC" };
    await set({ ...engine, "tollgate:train": JSON.stringify(train) });
    await assert.rejects(loadFromPulumi(), {
      message:
        "Pulumi.staging.yaml has a wrong setting:\n" +
        "  tollgate:train.dataVersion: is a date without quotes; write it in quotes",
    });
  });

  it("refuses a group that isn't JSON, as an error the engine shows without a stack trace", async () => {
    await set({ ...engine, "tollgate:scorer": "{port" });
    await assert.rejects(loadFromPulumi(), (error) => {
      assert.ok(pulumi.RunError.isInstance(error));
      assert.equal(
        error.message,
        'Pulumi.staging.yaml has a wrong setting:\n  tollgate:scorer: got "{port", expected a group of settings',
      );
      return true;
    });
  });
});
