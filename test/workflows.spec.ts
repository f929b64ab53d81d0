// The workflows are kept thin: they set up, and call the command line. Cannot prove that GitHub runs them;
// `actionlint` is for that.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { parse } from "yaml";
import { verbs } from "../cli/verbs";

const folder = path.join(__dirname, "..", ".github", "workflows");

interface Workflow {
  permissions: Record<string, string>;
  jobs: Record<string, { environment?: string; steps: { run?: string; uses?: string }[] }>;
}

const workflows = fs.readdirSync(folder).map((name) => ({
  name,
  workflow: parse(fs.readFileSync(path.join(folder, name), "utf8")) as Workflow,
}));

describe("workflows", () => {
  for (const { name, workflow } of workflows) {
    const steps = Object.values(workflow.jobs).flatMap((job) => job.steps);

    it(`${name} runs only verbs that exist, and scripts of one line`, () => {
      const commands = steps.flatMap((step) => (step.run ? [step.run.trim()] : []));
      assert.notEqual(commands.length, 0);
      for (const command of commands) {
        assert.equal(command.split("\n").length, 1, command);
        const verb = /^npx tollgate (\S+)/.exec(command)?.[1];
        if (verb)
          assert.ok(
            verbs.some((each) => each.name === verb),
            command,
          );
      }
    });

    it(`${name} may write no code`, () => {
      assert.equal(workflow.permissions["contents"], "read");
    });
  }

  it("deploy production only behind its environment, whose reviewers hold it", () => {
    const production = workflows.find(({ name }) => name === "production.yml")!.workflow;
    assert.deepEqual(
      Object.values(production.jobs).map((job) => job.environment),
      ["production"],
    );
  });
});
