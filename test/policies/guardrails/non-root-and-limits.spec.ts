import assert from "node:assert/strict";
import { unknown } from "../../../policies/guardrails/guardrail";
import { nonRootAndLimits } from "../../../policies/guardrails/non-root-and-limits";
import { judged, resource } from "./stacks";

const deployment = "kubernetes:apps/v1:Deployment";
const limits = { cpu: "1", memory: "1Gi" };
const safe = { runAsNonRoot: true, allowPrivilegeEscalation: false };

/** What is wrong with the one container of a resource, without the beginning of each sentence. */
function problemsOf(type: string, props: Record<string, unknown>, container: string): string[] {
  const before = `${type} model has the container ${container}, which has `;
  return judged(nonRootAndLimits, [resource(type, "model", props)]).map((sentence) => {
    assert.ok(sentence.startsWith(before), sentence);
    return sentence.slice(before.length, -1);
  });
}

function problems(container: Record<string, unknown>, pod: Record<string, unknown> = {}): string[] {
  const containers = [{ name: "scorer", resources: { limits }, securityContext: safe, ...container }]; // prettier-ignore
  return problemsOf(deployment, { spec: { template: { spec: { ...pod, containers } } } }, "scorer");
}

describe("nonRootAndLimits", () => {
  it("passes a container within limits that isn't root", () => {
    assert.deepEqual(problems({}), []);
    assert.deepEqual(problems({ securityContext: { ...safe, runAsUser: 1 } }), []);
  });

  it("takes from the pod what the container doesn't say", () => {
    const own = { allowPrivilegeEscalation: false };
    const pod = { securityContext: { runAsNonRoot: true, runAsUser: 1000 }, resources: { limits } };
    assert.deepEqual(problems({ securityContext: own, resources: {} }, pod), []);
    assert.deepEqual(problems({ securityContext: { ...own, runAsNonRoot: false } }, pod), [
      "false for runAsNonRoot",
    ]);
    assert.deepEqual(problems({ securityContext: { ...own, runAsUser: 0 } }, pod), [
      "0 for runAsUser",
    ]);
  });

  for (const [change, problem] of [
    [{ runAsNonRoot: undefined }, "nothing for runAsNonRoot"],
    [{ runAsNonRoot: false }, "false for runAsNonRoot"],
    [{ runAsNonRoot: "true" }, '"true" for runAsNonRoot'],
    [{ runAsNonRoot: unknown }, "a value not known yet for runAsNonRoot"],
    [{ runAsUser: 0 }, "0 for runAsUser"],
    [{ runAsUser: "0" }, '"0" for runAsUser'],
    [{ runAsUser: unknown }, "a value not known yet for runAsUser"],
    [{ allowPrivilegeEscalation: undefined }, "nothing for allowPrivilegeEscalation"],
    [{ allowPrivilegeEscalation: true }, "true for allowPrivilegeEscalation"],
    [{ privileged: true }, "true for privileged"],
    [{ privileged: unknown }, "a value not known yet for privileged"],
    [{ capabilities: { add: ["SYS_ADMIN"] } }, '["SYS_ADMIN"] for its added capabilities'],
    [{ capabilities: { add: unknown } }, "a value not known yet for its added capabilities"],
  ] as const) {
    it(`refuses a container that has ${problem}`, () => {
      assert.deepEqual(problems({ securityContext: { ...safe, ...change } }), [problem]);
    });
  }

  it("refuses a container of which nothing is said", () => {
    assert.deepEqual(problems({ securityContext: undefined }), [
      "nothing for runAsNonRoot",
      "nothing for allowPrivilegeEscalation",
    ]);
    assert.equal(problems({ securityContext: unknown }).length, 5);
  });

  it("passes the right to listen on a low port", () => {
    const capabilities = { drop: ["ALL"], add: ["NET_BIND_SERVICE"] };
    assert.deepEqual(problems({ securityContext: { ...safe, capabilities } }), []);
  });

  it("refuses a container without limits, naming each", () => {
    assert.deepEqual(problems({ resources: { requests: limits } }), [
      "nothing for its limit of cpu",
      "nothing for its limit of memory",
    ]);
  });

  for (const memory of [unknown, "0", 0, "", -1, "lots", Number.POSITIVE_INFINITY]) {
    it(`refuses the limit ${String(memory)}`, () => {
      const found = problems({ resources: { limits: { ...limits, memory } } });
      assert.equal(found.length, 1);
      assert.match(found[0]!, / for its limit of memory$/);
    });
  }

  it("passes the smallest limit there is", () => {
    assert.deepEqual(problems({ resources: { limits: { cpu: "1m", memory: 1 } } }), []);
  });

  it("judges init containers like others, and asks an ephemeral one for no limits", () => {
    const type = "kubernetes:core/v1:Pod";
    const extra = [{ name: "extra", securityContext: safe }];
    const init = { spec: { containers: [], initContainers: extra } };
    assert.equal(problemsOf(type, init, "extra").length, 2);
    const ephemeral = { spec: { containers: [], ephemeralContainers: extra } };
    assert.deepEqual(problemsOf(type, ephemeral, "extra"), []);
    const root = [{ name: "extra", securityContext: { ...safe, runAsNonRoot: false } }];
    const asRoot = { spec: { containers: [], ephemeralContainers: root } };
    assert.deepEqual(problemsOf(type, asRoot, "extra"), ["false for runAsNonRoot"]);
  });

  it("refuses containers that can't be seen", () => {
    const vague = resource(deployment, "model", { spec: { template: unknown } });
    assert.deepEqual(judged(nonRootAndLimits, [vague]), [
      `${deployment} model has containers not known yet.`,
    ]);
    const release = resource("kubernetes:helm.sh/v3:Release", "model", {});
    assert.equal(judged(nonRootAndLimits, [release]).length, 1);
  });

  it("leaves other environments their freedom", () => {
    const spec = { template: { spec: { containers: [{ name: "scorer" }] } } };
    const free = resource(deployment, "model", { spec });
    assert.deepEqual(judged(nonRootAndLimits, [free], { production: false }), []);
  });

  it("leaves services that set users and limits themselves alone", () => {
    const lambda = resource("aws:lambda/function:Function", "model", { imageUri: "scorer:1" });
    assert.deepEqual(judged(nonRootAndLimits, [lambda]), []);
  });

  describe("a container of Docker", () => {
    const docker = "docker:index/container:Container";
    const right = { user: "1000:1000", memory: 512, cpus: "1.5" };
    const check = (props: Record<string, unknown>) =>
      problemsOf(docker, { ...right, ...props }, "model");

    it("passes a user and limits", () => {
      assert.deepEqual(check({}), []);
      assert.deepEqual(check({ cpus: undefined, cpuQuota: 50_000 }), []);
    });

    for (const user of [
      "root",
      "0",
      "0:0",
      "00",
      "0x0",
      "+0",
      "root:staff",
      "",
      ":1000",
      " 0",
      0,
      undefined,
      unknown,
    ]) {
      it(`refuses the user ${String(user)}`, () => {
        const found = check({ user });
        assert.equal(found.length, 1);
        assert.match(found[0]!, / for its user$/);
      });
    }

    it("refuses privileges, capabilities and missing limits", () => {
      const added = { capabilities: { adds: ["ALL"] } };
      assert.deepEqual(check({ privileged: true, ...added, memory: undefined, cpus: undefined }), [
        "true for privileged",
        '["ALL"] for its added capabilities',
        "nothing for its limit of memory",
        "nothing for its limit of cpu",
      ]);
      assert.deepEqual(check({ memory: 0 }), ["0 for its limit of memory"]);
    });
  });

  describe("a service of Docker", () => {
    const service = "docker:index/service:Service";
    const check = (spec: Record<string, unknown>, more: Record<string, unknown>) =>
      problemsOf(service, { taskSpec: { containerSpec: spec, ...more } }, "model");

    it("passes a user and limits, and refuses what lacks them", () => {
      const set = { resources: { limits: { memoryBytes: 1, nanoCpus: 1 } } };
      assert.deepEqual(check({ user: "app" }, set), []);
      assert.deepEqual(check({ capAdds: ["SYS_PTRACE"] }, {}), [
        "nothing for its user",
        '["SYS_PTRACE"] for its added capabilities',
        "nothing for its limit of memory",
        "nothing for its limit of cpu",
      ]);
    });
  });

  describe("a task of ECS", () => {
    const task = "aws:ecs/taskDefinition:TaskDefinition";
    const check = (definition: Record<string, unknown>, props: Record<string, unknown> = {}) =>
      problemsOf(
        task,
        { containerDefinitions: JSON.stringify([{ name: "scorer", ...definition }]), ...props },
        "scorer",
      );

    it("passes a user and a limit of memory, its own or the task's", () => {
      assert.deepEqual(check({ user: "1000", memory: 512 }), []);
      assert.deepEqual(check({ user: "1000" }, { memory: "512" }), []);
    });

    it("refuses root, privileges and no limit", () => {
      assert.deepEqual(check({ privileged: true }), [
        "nothing for its user",
        "true for privileged",
        "nothing for its limit of memory",
      ]);
    });
  });
});
