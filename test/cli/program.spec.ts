import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../../cli/program";
import { verbs } from "../../cli/verbs";
import { appendReceipt, receiptsFile } from "../../history/receipts";
import { receiptFacts } from "../support/receipts";
import { deadProject, temporaryFolder } from "./support/project";
import { capture } from "./support/streams";

// Nothing runs in this project: what needs a registry or an engine is tried in other specs.

describe("run", function () {
  this.timeout(20_000);
  let project: ReturnType<typeof temporaryFolder>;
  before(() => {
    const files = deadProject();
    const prod = files["Pulumi.dev.yaml"]!.replace("tier: dev", "tier: prod");
    project = temporaryFolder({ ...files, "Pulumi.prod.yaml": prod });
  });
  after(() => project.remove());

  async function tollgate(...words: string[]) {
    const streams = capture();
    const code = await run([...words, "--cwd", project.dir], streams);
    return { code, out: streams.out(), err: streams.err() };
  }

  const failures: [verb: string, words: string[], code: number, error: string][] = [
    ["train", ["-s", "dev"], 1, "registry-unavailable"],
    ["evaluate", ["-s", "dev"], 1, "registry-unavailable"],
    ["pin", ["-s", "dev", "1"], 1, "registry-unavailable"],
    ["approve", ["-s", "dev"], 1, "no-pin"],
    ["approve", ["-s", "staging", "--as", "ada@example.com"], 1, "registry-unavailable"],
    ["rollback", ["-s", "staging"], 1, "no-earlier-pin"],
    ["rollback", ["-s", "staging", "--to", "7"], 1, "not-released"],
    ["rollback", ["-s", "staging", "--force"], 64, "usage"],
    ["promote", ["--from", "staging", "--to", "staging"], 64, "usage"],
    ["promote", ["--from", "dev", "--to", "staging"], 1, "no-pin"],
    ["promote", ["--from", "staging"], 64, "usage"],
    ["promote", ["--from", "staging", "--to", "dev", "--force"], 64, "usage"],
    ["promote", ["--from", "staging", "--to", "dev", "--force", "--reason", "short"], 64, "usage"],
    [
      "promote",
      ["--from", "staging", "--to", "dev", "--reason", "long enough a reason"],
      64,
      "usage",
    ],
    ["train", ["-s", "dev", "--param", "nonsense"], 64, "usage"],
    ["evaluate", ["-s", "dev", "nonsense"], 64, "usage"],
    ["pin", ["-s", "dev", "--none", "1"], 64, "usage"],
    ["logs", ["-s", "dev", "router"], 1, "no-log"],
    ["up", [], 64, "usage"],
    ["preview", ["-s", "production"], 64, "usage"],
    ["status", ["--unknown"], 64, "usage"],
    ["status", ["-s", "."], 64, "usage"],
    ["destroy", ["-s", "..", "--delete-data"], 64, "usage"],
    ["status", ["-s", "--check"], 64, "usage"],
    ["destroy", ["-s", "dev", "--yes", "dev"], 64, "usage"],
    ["destroy", ["-s", "dev", "--backup", "dev.tgz"], 64, "usage"],
    ["destroy", ["-s", "dev", "--delete-data", "--yes", "prod"], 64, "usage"],
    ["destroy", ["-s", "prod", "--delete-data"], 64, "protected"],
    ["promote", ["--from", "staging", "--to", "dev"], 1, "not-released"],
    ["destroy", ["superfluous"], 64, "usage"],
  ];
  for (const [verb, words, code, error] of failures) {
    it(`refuses \`${[verb, ...words].join(" ")}\` with ${error} in one JSON document`, async () => {
      const result = await tollgate(verb, ...words, "--json");
      assert.equal(result.code, code, result.out);
      const document = JSON.parse(result.out) as { error: { code: string; message: string } };
      assert.deepEqual(Object.keys(document), ["error"]);
      assert.equal(document.error.code, error, document.error.message);
      assert.match(document.error.message, /^\S.*\.$/s);
      assert.doesNotMatch(document.error.message, /\n\s+at /);
    });
  }

  it("takes no folder of the project for a stack's own", async () => {
    // Such files name the stacks . and .. , whose state folders would be those of all stacks and of the project.
    for (const stack of [".", ".."]) {
      const file = join(project.dir, `Pulumi.${stack}.yaml`);
      writeFileSync(file, readFileSync(join(project.dir, "Pulumi.dev.yaml")));
      const { code, err } = await tollgate("destroy", "--delete-data", "-s", stack);
      rmSync(file);
      assert.equal(code, 64);
      assert.match(err, /^"\.\.?" is no name for a stack: use letters, digits, _ \. and -, .*\n$/);
    }
  });

  it("prints the same sentence on stderr and nothing on stdout without --json", async () => {
    const result = await tollgate("up");
    assert.deepEqual(result, {
      code: 64,
      out: "",
      err: "Say which stack with --stack: one of dev, prod, staging.\n",
    });
  });

  it("prints one document for what works with everything down", async () => {
    for (const verb of ["status", "logs"]) {
      const result = await tollgate(verb, "--json", "-s", "staging");
      assert.equal(result.code, 0);
      assert.equal((JSON.parse(result.out) as { stack: string }).stack, "staging");
    }
  });

  it("says in status what differs, and fails only with --check", async () => {
    assert.equal((await tollgate("status", "-s", "staging")).code, 0);
    const result = await tollgate("status", "-s", "staging", "--check");
    assert.equal(result.code, 1);
    assert.match(
      result.out,
      /^Drift: churn-model version 2 .* is pinned, but nothing was released yet$/m,
    );
  });

  for (const [words, stack] of [
    [["train", "-s", "dev"], "dev"],
    [["evaluate", "-s", "staging"], "staging"],
    [["promote", "--from", "staging", "--to", "dev"], "dev"],
    [["promote", "--from", "staging", "--to", "dev", "--model"], "dev"],
  ] as const) {
    it(`says of a registry that doesn't run what starts it: ${words.join(" ")}`, async () => {
      const stateDir = join(project.dir, ".tollgate", "staging");
      if (words[0] === "promote") await appendReceipt(stateDir, receiptFacts());
      const { code, err } = await tollgate(...words);
      rmSync(receiptsFile(stateDir), { force: true });
      assert.equal(code, 1);
      assert.ok(err.endsWith(`start the registry with \`tollgate up --stack ${stack}\`.\n`), err);
    });
  }

  it("takes options before the verb as well as after it", async () => {
    const streams = capture();
    const code = await run(["--json", "-C", project.dir, "-s", "dev", "status"], streams);
    assert.equal(code, 0);
    assert.equal((JSON.parse(streams.out()) as { stack: string }).stack, "dev");
  });

  it("refuses an unknown verb and names the verbs there are", async () => {
    const { code, err } = await tollgate("deploy");
    assert.equal(code, 64);
    assert.match(err, /^There is no verb "deploy": use one of doctor, .*train, .*pulumi\.\n$/);
  });

  it("refuses a folder without Pulumi.yaml", async () => {
    const empty = temporaryFolder();
    const streams = capture();
    assert.equal(await run(["up", "-s", "dev", "--cwd", empty.dir], streams), 1);
    empty.remove();
    assert.equal(
      streams.err(),
      `Neither ${empty.dir} nor a folder above it has a Pulumi.yaml: run this in a project folder, or name one with --cwd.\n`,
    );
  });

  it("works from a subfolder of a project, and says in which", async () => {
    const nested = temporaryFolder({
      ...deadProject(),
      "models/src/train.py": "",
      "models/own/Pulumi.yaml": "name: inner\nruntime: nodejs\n",
      "models/own/Pulumi.only.yaml": "config:\n  tollgate:tier: dev\n  tollgate:model: inner\n",
    });
    const stackOf = (where: string[]) => (where.includes("own") ? [] : ["-s", "dev"]);
    const stackAt = async (...where: string[]) => {
      const streams = capture();
      const cwd = join(nested.dir, ...where);
      const code = await run(["status", "--json", "-C", cwd, ...stackOf(where)], streams);
      const { stack } = JSON.parse(streams.out()) as { stack: string };
      return [code, stack, streams.err()];
    };
    assert.deepEqual(await stackAt("models", "src"), [0, "dev", `In project ${nested.dir}.\n`]);
    assert.deepEqual(await stackAt(), [0, "dev", ""]);
    // The nearest one, as git does.
    assert.deepEqual(await stackAt("models", "own"), [0, "only", ""]);
    nested.remove();
  });

  it("prints all problems of a settings file", async () => {
    const broken = temporaryFolder({
      ...deadProject(),
      "Pulumi.dev.yaml":
        "config:\n  tollgate:tier: dev\n  tollgate:model: m\n  tollgate:scorer: { port: 70000 }\n  tollgate:modle: x\n",
    });
    const streams = capture();
    assert.equal(await run(["up", "-s", "dev", "--cwd", broken.dir], streams), 1);
    broken.remove();
    assert.match(streams.err(), /tollgate:scorer\.port: got 70000/);
    assert.match(streams.err(), /tollgate:modle/);
  });

  it("prints help with examples, also as one document", async () => {
    const text = await tollgate("up", "--help");
    assert.equal(text.code, 0);
    assert.match(text.out, /Examples:\n {2}tollgate up --stack staging/);
    const json = await tollgate("--json", "--help");
    assert.match((JSON.parse(json.out) as { help: string }).help, /Exit codes: 0 done/);
  });
});

describe("verbs", () => {
  const folder = join(__dirname, "..", "..", "cli", "commands");

  it("is the list of the files in commands", () => {
    const files = readdirSync(folder).map((file) => file.replace(/\.ts$/, ""));
    assert.deepEqual(verbs.map(({ name }) => name).sort(), files.sort());
  });

  for (const verb of verbs) {
    it(`describes ${verb.name} in a sentence with examples of it`, async () => {
      assert.match(verb.summary, /^[A-Z].*[.:].*$/);
      assert.ok(verb.examples.length > 0);
      for (const example of verb.examples)
        assert.match(example, new RegExp(`tollgate ${verb.name}\\b`));
      assert.ok(existsSync(join(folder, `${verb.name}.ts`)));
      assert.equal(typeof (await verb.load()).run, "function");
    });
  }
});
