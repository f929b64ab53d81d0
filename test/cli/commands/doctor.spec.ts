// What is on this machine is looked at for real; the cluster is one that nobody answers for.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import path from "node:path";
import { run } from "../../../cli/program";
import type { Part } from "../../../toolchain/doctor-part";
import { withVariables } from "../../toolchain/helpers";
import { deadProject, temporaryFolder } from "../support/project";
import { capture } from "../support/streams";

const image = (name: string) => `registry.example.com/${name}@sha256:${"c".repeat(64)}`;
const clusterStack = `config:
  tollgate:tier: staging
  tollgate:model: churn-model
  tollgate:runtime: kubernetes
  tollgate:kubernetes:
    kubeconfig: kubeconfig
    images:
      tollgate: ${image("tollgate")}
      postgres: ${image("postgres")}
      seaweedfs: ${image("seaweedfs")}
`;

describe("tollgate doctor", function () {
  this.timeout(30_000);
  let project: ReturnType<typeof temporaryFolder>;
  before(() => (project = temporaryFolder({ ...deadProject(), "Pulumi.shop.yaml": clusterStack })));
  after(() => project.remove());
  withVariables(() => ({ PULUMI_HOME: path.join(project.dir, "home") }));

  async function doctor(...words: string[]) {
    const streams = capture();
    const code = await run(["doctor", ...words, "--cwd", project.dir, "--json"], streams);
    return { code, document: JSON.parse(streams.out()) as { ok: boolean; parts: Part[] } };
  }
  const clusterPart = /plugin|kube|API server/;

  it("looks at no cluster without --stack, or for a stack that runs here", async () => {
    for (const words of [[], ["--stack", "dev"]]) {
      const { parts } = (await doctor(...words)).document;
      assert.deepEqual(
        parts.filter(({ part }) => clusterPart.test(part)),
        [],
      );
    }
  });

  it("looks at the cluster of a stack that runs in one, and makes nothing", async () => {
    const { code, document } = await doctor("--stack", "shop");
    assert.equal(code, 1);
    assert.equal(document.ok, false);
    const [plugin, kubeconfig, ...more] = document.parts.filter(({ part }) =>
      clusterPart.test(part),
    ) as [Part, Part];
    assert.deepEqual([plugin.part, plugin.status], ["Kubernetes plugin", "missing"]);
    assert.match(plugin.mend ?? "", /^node \S*tollgate\.cjs doctor --fix --stack shop$/);
    assert.deepEqual([kubeconfig.part, kubeconfig.status], ["kubeconfig", "broken"]);
    assert.match(
      kubeconfig.source ?? "",
      /^There is no kubeconfig at \S+\/kubeconfig: set KUBECONFIG, .*tollgate:runtime: local/,
    );
    assert.deepEqual(more, []);
    for (const made of [".tollgate", "home/plugins"]) {
      assert.equal(existsSync(path.join(project.dir, made)), false);
    }
  });

  it("says in the text what mends each part", async () => {
    const streams = capture();
    await run(["doctor", "--stack", "shop", "--cwd", project.dir], streams);
    const lines = streams.out().trim().split("\n");
    assert.ok(
      lines.some((line) => /^Kubernetes plugin +missing +4\.25\.0 is not among/.test(line)),
    );
    assert.ok(lines.some((line) => /^Kubernetes plugin is missing: run `node .*`$/.test(line)));
    assert.ok(lines.includes("kubeconfig is broken"));
  });

  it("refuses a stack that isn't there", async () => {
    const streams = capture();
    assert.equal(await run(["doctor", "--stack", "none", "--cwd", project.dir], streams), 64);
    assert.match(streams.err(), /^There is no stack "none" in /);
  });
});
