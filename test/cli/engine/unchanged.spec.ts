// What is asked instead of the engine, with a state of one secret's file; test/engine/unchanged.spec.ts has whole stacks.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import type { FetchedCandidate } from "../../../admission/candidate";
import { decidingDigest } from "../../../cli/engine/deciding";
import {
  forgetUnchanged,
  mayPreviewUnchanged,
  recordUnchanged,
  unchangedReport,
} from "../../../cli/engine/unchanged";
import { loadFromFile } from "../../../config/load";
import type { Settings } from "../../../config/settings";
import { tokens } from "../../../policies/resource-tokens";
import { credentialType } from "../../../provider/types/credential";
import { ensureEngine, findEngine } from "../../../toolchain/engine";
import { compliantCandidate } from "../../support/fixtures";
import { temporaryFolder } from "../support/project";

const root = path.join(__dirname, "..", "..", "..");
const urn = (type: string, name: string) => `urn:pulumi:dev::told::${type}::${name}`;
const stackResource = {
  urn: urn("pulumi:pulumi:Stack", "told-dev"),
  type: "pulumi:pulumi:Stack",
  outputs: { trackingUri: "http://127.0.0.1:3" },
};

type Fields = Record<string, unknown>;

describe("unchangedReport", function () {
  this.timeout(600_000);
  let settings: Settings;
  let secret: string;
  let secretResource: Fields;
  let remove: () => void;

  before(() => ensureEngine());

  beforeEach(async () => {
    const project = temporaryFolder({
      "Pulumi.yaml": `name: told
runtime: nodejs
main: ${root}
backend: { url: "file://." }
plugins: { providers: [{ name: tollgate, path: ${path.join(root, "provider")} }] }
`,
      "Pulumi.dev.yaml": "config:\n  tollgate:tier: dev\n  tollgate:model: told\n",
    });
    remove = project.remove;
    settings = await loadFromFile(project.dir, "dev");
    secret = path.join(settings.stateDir, "secrets", "password");
    const inputs = { path: secret, bytes: 8, deleteData: false };
    const { id, outputs } = await credentialType.create(inputs);
    const type = tokens.Credential;
    secretResource = { urn: urn(type, "password"), type, custom: true, id, inputs, outputs };
    await left();
  });
  afterEach(() => remove());

  /** A state, as an `up` that ended well would leave and record it. */
  async function left(
    change: Fields = {},
    deployment: Fields = {},
    advised = false,
  ): Promise<void> {
    const resources = [stackResource, { ...secretResource, ...change }];
    const state = path.join(settings.projectDir, ".pulumi", "stacks", "told", "dev.json");
    fs.mkdirSync(path.dirname(state), { recursive: true });
    const latest = { resources, ...deployment };
    fs.writeFileSync(state, JSON.stringify({ version: 3, checkpoint: { latest } }));
    recordUnchanged(settings, await deciding(), advised);
  }

  const deciding = async () => decidingDigest(settings, (await findEngine())!)!;
  const report = async (candidate: FetchedCandidate | null = null) =>
    unchangedReport(settings, candidate, await deciding());

  it("says what the engine would of a stack in which nothing is to do", async () => {
    const found = await report();
    assert.equal(found?.succeeded, true);
    assert.deepEqual(found.outputs, stackResource.outputs);
    assert.equal(found.steps.size, 0);
    const record = path.join(settings.stateDir, "engine", "unchanged");
    assert.equal(fs.statSync(record).mode & 0o077, 0);
  });

  it("leaves a preview to the engine when guardrails had advice, which nothing else shows", async () => {
    assert.equal(mayPreviewUnchanged(settings, await deciding()), true);
    await left({}, {}, true);
    assert.equal(mayPreviewUnchanged(settings, await deciding()), false);
    assert.equal((await report())?.succeeded, true);
  });

  it("leaves a preview to the engine when a setting changed", async () => {
    settings = { ...settings, alias: "other" };
    assert.equal(mayPreviewUnchanged(settings, await deciding()), false);
  });

  const living: Record<string, () => void> = {
    "what lives is gone": () => fs.rmSync(secret),
    "what lives was changed": () => fs.writeFileSync(secret, "other"),
    "others may read what lives": () => fs.chmodSync(secret, 0o644),
    "a process is kept that no resource stands for": () =>
      fs.mkdirSync(path.join(settings.stateDir, "run", "scorer-left"), { recursive: true }),
    "a change was begun and not ended": () => forgetUnchanged(settings),
    "the state is another one": () =>
      fs.appendFileSync(
        path.join(settings.projectDir, ".pulumi", "stacks", "told", "dev.json"),
        " ",
      ),
    "the state is gone": () =>
      fs.rmSync(path.join(settings.projectDir, ".pulumi"), { recursive: true }),
    "a setting changed": () => (settings = { ...settings, alias: "other" }),
  };
  for (const [what, change] of Object.entries(living)) {
    it(`leaves it to the engine when ${what}`, async () => {
      change();
      assert.equal(await report(), null);
    });
  }

  const recorded: Record<string, [Fields, Fields?]> = {
    "a resource is to be deleted": [{ delete: true }],
    "a resource is to be replaced": [{ taint: true }],
    "a replacement is under way": [{ pendingReplacement: true }],
    "a resource failed to start": [{ initErrors: ["no"] }],
    "a resource belongs to somebody else": [{ external: true }],
    "a resource is of another provider": [
      { type: "random:index:Id", urn: urn("random:index:Id", "a") },
    ],
    "its inputs can't be checked": [{ inputs: { path: "/a/.tollgate/dev/secrets/password" } }],
    "a value is a secret": [
      {
        outputs: { v: { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270" } },
      },
    ],
    "an operation is pending": [{}, { pending_operations: [{ type: "creating" }] }],
  };
  for (const [what, [change, deployment]] of Object.entries(recorded)) {
    it(`leaves it to the engine when ${what}, though the state is as it was left`, async () => {
      await left(change, deployment);
      assert.equal(await report(), null);
    });
  }

  it("leaves it to the engine when a pin isn't in the state, and when its evidence can't be had", async () => {
    const candidate = { ...compliantCandidate(), document: "{}", settings: "{}" };
    assert.equal(await report(candidate), null);
    const problem = { code: "registry-unavailable", reason: "It doesn't answer." } as const;
    assert.equal(await report({ ...candidate, problem }), null);
  });
});
