// A receipt's line that a state has below the stage alias, where it was before it had a component of its own, goes on as it
// is. On the real engine, with a provider that does nothing: what a line does when it is made is test/provider/receipt.spec.ts.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../cli/context";
import { runEngine } from "../../cli/engine/run";
import type { ReceiptInputs } from "../../provider/inputs";
import { engineProject, type EngineProject } from "../cli/support/engine-project";
import { admissionOf } from "../policies/fixtures";
import { compliantCandidate, pin, stagingSettings } from "../support/fixtures";

const settings = stagingSettings();
const { stateDir, projectDir, stack } = settings;
const admission = admissionOf(compliantCandidate());
const inputs: ReceiptInputs = { stateDir, cluster: null, projectDir, stack, pin, admission };

const asBefore = `
const pulumi = require("@pulumi/pulumi");
const parent = new pulumi.ComponentResource("tollgate:component:StageAlias", "stage-alias");
new pulumi.CustomResource("tollgate:index:Receipt", "stage-alias-receipt", ${JSON.stringify(inputs)}, { parent });
`;

const bundle = join(root, "toolchain", "bundle.cjs");
const component = join(root, "components", "receipt.ts");
const asNow = `
const pulumi = require("@pulumi/pulumi");
const { requireBundled } = require(${JSON.stringify(bundle)});
const { Receipt } = requireBundled(${JSON.stringify(component)}, { external: ["@pulumi", "@grpc/grpc-js", "@aws-sdk"] });
const stageAlias = new pulumi.ComponentResource("tollgate:component:StageAlias", "stage-alias");
new Receipt("receipt", ${JSON.stringify({ settings, pin, admission })}, { dependsOn: stageAlias });
`;

interface Line {
  readonly urn: string;
  readonly type?: string;
  readonly id?: string;
  readonly inputs?: unknown;
}

describe("a receipt's line of a state from before", function () {
  this.timeout(120_000);
  let project: EngineProject;
  before(() => (project = engineProject()));
  after(() => project.remove());

  const run = async (verb: "preview" | "up") =>
    runEngine(project.context, await project.context.settings(), verb);
  const write = (program: string) => writeFileSync(join(project.dir, "code/program.js"), program);
  const lines = () =>
    ((project.state().resources ?? []) as Line[]).filter(
      ({ type }) => type === "tollgate:index:Receipt",
    );

  it("is carried over to its component, with nothing replaced, made anew or deleted", async () => {
    write(asBefore);
    assert.equal((await run("up")).succeeded, true);
    const [before] = lines();

    write(asNow);
    const onlyTheComponent = (changes: object | null) =>
      assert.deepEqual(changes, { create: 1, same: 3 });
    onlyTheComponent((await run("preview")).changes);
    onlyTheComponent((await run("up")).changes);

    const [after, ...others] = lines();
    assert.deepEqual(others, []);
    assert.match(after!.urn, /::tollgate:component:Receipt\$tollgate:index:Receipt::receipt-line$/);
    assert.deepEqual([after!.id, after!.inputs], [before!.id, before!.inputs]);
    assert.deepEqual(before!.inputs, { ...JSON.parse(JSON.stringify(inputs)) });
  });
});
