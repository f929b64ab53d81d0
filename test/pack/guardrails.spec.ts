// The policies of the guardrails as the pack's server asks them; that the engine asks in this order is shown by the
// engine's own tests.
import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import {
  type Policies,
  type PolicyResource,
  type ResourceRemediation,
  type ResourceValidation,
  type ResourceValidationArgs,
  type ResourceValidationPolicy,
  Secret,
  type StackValidationArgs,
  type StackValidationPolicy,
} from "@pulumi/policy";
import { secretsPreservingProxy } from "@pulumi/policy/secret";
import { guardrailPolicies, policiesOfRun } from "../../pack/guardrails";
import { guardrails } from "../../policies/guardrails";
import { unknownCheckingProxy, unknownStringValue } from "../policies/unknowns";

type Policy = ResourceValidationPolicy & StackValidationPolicy;
type Props = Record<string, unknown>;
const thing = "any:index:Thing";
const database = "aws:rds/instance:Instance";
const bucket = "aws:s3/bucket:Bucket";
const process = "tollgate:index:Process";
const urnOf = (type: string, name: string) => `urn:pulumi:prod::churn::${type}::${name}`;

/** A run of the pack: its policies, asked as the server asks them. Gives what each says in their order, without remedy. */
class Asked {
  readonly #policies = policiesOfRun() as Policy[];

  /** What a resource is asked to be: a remediation sees it first, then every validation, which isn't told of secrets. */
  async resource(type: string, name: string, props: Props, looked = true): Promise<string[]> {
    const at = { type, name, urn: urnOf(type, name), opts: { protect: false } };
    const wrapped = unknownCheckingProxy(secretsPreservingProxy(props) as typeof props);
    for (const { remediateResource } of looked ? this.#policies : []) {
      const remediate = remediateResource as ResourceRemediation | undefined;
      const changed = remediate?.({ ...at, props: wrapped } as unknown as ResourceValidationArgs);
      assert.equal(changed, undefined);
    }
    const args = { ...at, props: unknownCheckingProxy(bare(props)) };
    return this.#each(async ({ validateResource }, report) => {
      const validate = validateResource as ResourceValidation;
      await validate(args as unknown as ResourceValidationArgs, report);
    });
  }

  /** What all will be, as the engine tells it at the end of a preview. */
  stack(...resources: PolicyResource[]): Promise<string[]> {
    return this.#each(async ({ validateStack }, report) => {
      await validateStack({ resources } as unknown as StackValidationArgs, report);
    });
  }

  async #each(ask: (policy: Policy, report: (sentence: string) => void) => Promise<void>) {
    const said: string[] = [];
    for (const policy of this.#policies) {
      const remedy = ` ${policy.remediationSteps!}`;
      await ask(policy, (sentence) => said.push(`${policy.name}: ${sentence.replace(remedy, "")}`));
    }
    return said;
  }
}

function bare(props: Props): Props {
  const plain = (value: unknown) => (value instanceof Secret ? value.value : value);
  return Object.fromEntries(Object.entries(props).map(([key, value]) => [key, plain(value)]));
}

function planned(type: string, name: string, props: object, protect = false): PolicyResource {
  const rest = { opts: { protect }, dependencies: [], propertyDependencies: {} };
  const given = { type, name, urn: urnOf(type, name), props: unknownCheckingProxy(props) };
  return { ...given, ...rest } as unknown as PolicyResource;
}

describe("guardrailPolicies", () => {
  it("has a policy for each guardrail, none of which is a note", () => {
    const level = (index: number) => (index === 0 ? "remediate" : "mandatory");
    assert.deepEqual(
      (guardrailPolicies as Policies).map(({ name, severity, enforcementLevel }) => [name, severity, enforcementLevel]), // prettier-ignore
      guardrails.map(({ name, severity }, index) => [name, severity, level(index)]),
    );
  });

  it("refuses a plain password before the resource is made, and passes one that is marked secret", async () => {
    const run = new Asked();
    assert.deepEqual(await run.resource(thing, "one", { password: "hunter2" }), [
      "no-plain-secrets: any:index:Thing one has a password in plain in password.",
    ]);
    assert.deepEqual(await run.resource(thing, "two", { password: new Secret("hunter2") }), []);
    assert.deepEqual(await run.resource(thing, "three", { password: unknownStringValue }), []);
  });

  it("refuses a password of which nobody told whether it is secret", async () => {
    const said = await new Asked().resource(thing, "never", { password: "hunter2" }, false);
    assert.equal(said.length, 1);
  });

  it("says each thing once, though a resource is judged again at the end", async () => {
    const run = new Asked();
    const props = { acl: "public-read", forceDestroy: false };
    assert.deepEqual(await run.resource(bucket, "models", props), [
      `store-private: ${bucket} models has the ACL "public-read".`,
    ]);
    const said = await run.stack(planned(bucket, "models", props, true));
    assert.deepEqual(said, [
      `store-private: ${bucket} models lacks versioning.`,
      `store-private: ${bucket} models lacks encryption.`,
      `store-private: ${bucket} models lacks a block of all public access.`,
    ]);
  });

  it("judges what a resource was asked to be, not what the provider left open", async () => {
    const run = new Asked();
    const props = { storageEncrypted: true, backupRetentionPeriod: 7, multiAz: true, deletionProtection: true }; // prettier-ignore
    assert.deepEqual(await run.resource(database, "db", props), []);
    const open = { ...props, publiclyAccessible: unknownStringValue };
    assert.deepEqual(await run.stack(planned(database, "db", open, true)), []);
  });

  it("judges what a resource will be when it wasn't asked for, and refuses what isn't known", async () => {
    const known = { backupRetentionPeriod: 7, multiAz: true, deletionProtection: true };
    const props = { ...known, storageEncrypted: unknownStringValue, password: "from the state" };
    assert.deepEqual(await new Asked().stack(planned(database, "db", props, true)), [
      `database-protected: ${database} db has a value not known yet for storageEncrypted, which must be true.`,
    ]);
  });

  it("hands on protection, references and names", async () => {
    const models = planned(bucket, "models", {}, true);
    const type = "aws:s3/bucketVersioning:BucketVersioning";
    const versioning = {
      ...planned(type, "versioning", {
        bucket: unknownStringValue,
        versioningConfiguration: { status: "Enabled" },
      }),
      propertyDependencies: { bucket: [models] },
    };
    assert.deepEqual(await new Asked().stack(models, versioning), [
      `store-private: ${bucket} models lacks encryption.`,
      `store-private: ${bucket} models lacks a block of all public access.`,
    ]);
  });

  describe("in a project folder", () => {
    let project: string;

    beforeEach(() => {
      project = fs.mkdtempSync(path.join(os.tmpdir(), "guardrails-"));
    });
    afterEach(() => fs.rmSync(project, { recursive: true }));

    const settings = (config: string) =>
      fs.writeFileSync(path.join(project, "Pulumi.prod.yaml"), `config: ${config}\n`);
    const listening = (host: string) => ({
      stateDir: path.join(project, ".tollgate", "prod"),
      host,
    });
    const table = "aws:dynamodb/table:Table";

    it("refuses Tollgate's own process before it is started, unless the settings expose it", async () => {
      settings("{tollgate:tier: dev}");
      assert.deepEqual(await new Asked().resource(process, "router", listening("0.0.0.0")), [
        `nothing-beyond-loopback: ${process} router listens on "0.0.0.0".`,
      ]);
      settings("{tollgate:tier: dev, tollgate:exposed: [router]}");
      assert.deepEqual(await new Asked().resource(process, "router", listening("0.0.0.0")), []);
    });

    for (const [tier, refusals] of [
      ["dev", 0],
      ["prod", 2],
    ] as const) {
      it(`judges what only production forbids by the tier ${tier}, once it can be told`, async () => {
        settings(`{tollgate:tier: ${tier}}`);
        const run = new Asked();
        assert.deepEqual(await run.resource(table, "before", {}), []);
        assert.deepEqual(await run.resource(process, "router", listening("127.0.0.1")), []);
        assert.equal((await run.resource(table, "after", {})).length, refusals);
        const said = await run.stack(
          planned(table, "before", {}),
          planned(table, "after", {}),
          planned(process, "router", listening("127.0.0.1")),
        );
        assert.equal(said.filter((sentence) => sentence.includes(" before ")).length, refusals);
        assert.equal(said.length, refusals);
      });
    }

    it("holds a stack for production that names the folder of another", async () => {
      settings("{tollgate:tier: dev}");
      const own = planned(process, "router", listening("127.0.0.1"));
      const strange = planned(process, "strange", { ...listening("127.0.0.1"), stateDir: "/x/.tollgate/prod" }); // prettier-ignore
      const said = await new Asked().stack(planned(table, "events", {}), own, strange);
      assert.equal(said.length, 2);
    });
  });
});
