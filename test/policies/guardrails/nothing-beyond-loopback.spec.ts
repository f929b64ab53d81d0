import assert from "node:assert/strict";
import { unknown } from "../../../policies/guardrails/guardrail";
import { nothingBeyondLoopback } from "../../../policies/guardrails/nothing-beyond-loopback";
import { judged, resource } from "./stacks";

const process = "tollgate:index:Process";
const container = "docker:index/container:Container";
const swarm = "docker:index/service:Service";
const service = "kubernetes:core/v1:Service";
const pod = "kubernetes:core/v1:Pod";
const balancer = "aws:lb/loadBalancer:LoadBalancer";
const group = "aws:ec2/securityGroup:SecurityGroup";
const rule = "aws:ec2/securityGroupRule:SecurityGroupRule";
const ingressRule = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule";
const check = (type: string, props: Record<string, unknown>, exposed: string[] = []) =>
  judged(nothingBeyondLoopback, [resource(type, "one", props)], { exposed });

const inside = "127.0.0.1";
const told = (...command: string[]) => ({ host: inside, command });
const podWith = (more: Record<string, unknown>, port: Record<string, unknown> = {}) => ({
  spec: { ...more, containers: [{ name: "scorer", ports: [{ containerPort: 80, ...port }] }] },
});

describe("nothingBeyondLoopback", () => {
  for (const [what, type, props] of [
    ["a process on 127.0.0.1", process, told("python", "--host", inside, "--port", "{port}")],
    ["a process on another address of loopback", process, { host: "127.255.255.254" }],
    ["a process on ::1", process, { host: "::1" }],
    ["a process told of an address with its port", process, told("serve", "--bind=127.0.0.1:{port}", "--listen", "[::1]:80")], // prettier-ignore
    ["a process told of a socket", process, told("serve", "--listen", "unix:/run/x", "--host=/run/y")], // prettier-ignore
    ["a process with words that only look like addresses", process, told("a::b", "std::", "10.0.0.0.0", "x:80", "--time=12:30", "*.csv")], // prettier-ignore
    ["a port published on loopback", container, { ports: [{ internal: 80, ip: inside }] }],
    ["a container without ports", container, { networkMode: "bridge", publishAllPorts: false }],
    ["a service of a swarm without ports", swarm, { endpointSpec: { mode: "vip" } }],
    ["a service inside the cluster", service, { spec: { type: "ClusterIP" } }],
    ["a service without a type", service, { spec: { ports: [] } }],
    ["a name for another service", service, { spec: { type: "ExternalName" } }],
    ["a pod in the cluster's network", pod, podWith({ hostNetwork: false }, { hostPort: 0 })],
    ["an internal load balancer", balancer, { internal: true }],
    ["a rule for private networks", group, { ingress: [{ cidrBlocks: ["10.0.0.0/8", "192.168.7.0/24", "100.64.0.0/10"], ipv6CidrBlocks: ["fd00::/8"] }] }], // prettier-ignore
    ["a rule for another group", ingressRule, { referencedSecurityGroupId: "sg-1" }],
    ["a rule for what goes out", rule, { type: "egress", cidrBlocks: ["0.0.0.0/0"] }],
    ["an instance in a private subnet", "aws:ec2/instance:Instance", {}],
    ["a private cluster", "aws:eks/cluster:Cluster", { vpcConfig: { endpointPublicAccess: false } }], // prettier-ignore
    ["a private API", "aws:apigateway/restApi:RestApi", { endpointConfiguration: { types: "PRIVATE" } }], // prettier-ignore
    ["what listens to nothing", "aws:s3/bucket:Bucket", {}],
  ] as const) {
    it(`passes ${what}`, () => assert.deepEqual(check(type, { ...props }), []));
  }

  for (const host of [
    "0.0.0.0",
    "::",
    "",
    "0",
    "192.168.1.7",
    "127.0.0.1.example.com",
    "127.0.0.256",
    "127.1",
    "LOCALHOST",
    0,
  ]) {
    it(`refuses a process on ${JSON.stringify(host)}`, () => {
      assert.deepEqual(check(process, { host }), [
        `${process} one listens on ${JSON.stringify(host)}.`,
      ]);
    });
  }

  for (const [command, address] of [
    [["serve", "--bind=0.0.0.0:80"], "0.0.0.0:80"],
    [["serve", "000.0.0.00"], "000.0.0.00"],
    [["serve", "tcp://0.0.0.0:80"], "0.0.0.0"],
    [["serve", "::"], "::"],
    [["serve", "--bind", "[::]:80"], "[::]:80"],
    [["serve", "-b", "0:0:0:0:0:0:0:0"], "0:0:0:0:0:0:0:0"],
    [["serve", "*:80"], "*:80"],
    [["serve", "-b", ":8000"], ":8000"],
    [["serve", "--host", "example.com"], "example.com"],
    [["serve", "--host="], ""],
    [["serve", "--listen-address", "10.0.0.7:80"], "10.0.0.7:80"],
    [["sh", "-c", "serve --token hunter2 :8000"], ":8000"],
  ] as const) {
    it(`refuses a process that is told ${command.join(" ")}, and tells no more of it`, () => {
      assert.deepEqual(check(process, told(...command)), [
        `${process} one is told to listen on ${JSON.stringify(address)}.`,
      ]);
    });
  }

  it("leaves words of a command that aren't known yet to the update, before the process is started", () => {
    for (const command of [unknown, ["serve", "--host", unknown, unknown]]) {
      assert.deepEqual(check(process, { host: inside, command, environment: unknown }), []);
    }
    assert.equal(check(process, told("serve", "--host", "known.by.then")).length, 1);
  });

  it("refuses a process that an environment variable tells to listen everywhere", () => {
    assert.deepEqual(check(process, { host: inside, environment: { BIND: "0.0.0.0" } }), [
      `${process} one is told to listen on "0.0.0.0".`,
    ]);
  });

  for (const [type, props, opening] of [
    [process, {}, "listens on nothing"],
    [process, { host: unknown }, "listens on a value not known yet"],
    [container, { ports: [{ internal: 80 }] }, 'publishes a port on "0.0.0.0"'],
    [container, { ports: [{ ip: "" }] }, 'publishes a port on ""'],
    [container, { ports: [{ ip: "::" }] }, 'publishes a port on "::"'],
    [container, { ports: [{ ip: unknown }] }, "publishes a port on a value not known yet"],
    [container, { ports: unknown }, "publishes ports not known yet"],
    [container, { networkMode: "host" }, 'has the network "host"'],
    [container, { networkMode: unknown }, "has the network a value not known yet"],
    [container, { publishAllPorts: true }, "has true for publishAllPorts"],
    [swarm, { endpointSpec: { ports: [{ targetPort: 80 }] } }, "publishes ports on every machine of the swarm"], // prettier-ignore
    [swarm, { endpointSpec: unknown }, "publishes ports not known yet"],
    [service, { spec: { type: "LoadBalancer" } }, 'is of type "LoadBalancer"'],
    [service, { spec: { type: "NodePort" } }, 'is of type "NodePort"'],
    [service, { spec: unknown }, "is of type a value not known yet"],
    [service, { spec: { externalIPs: ["1.2.3.4"] } }, 'has the external addresses ["1.2.3.4"]'],
    [service, { spec: { externalIPs: unknown } }, "has the external addresses a value not known yet"], // prettier-ignore
    ["kubernetes:core/v1:ServicePatch", { spec: { type: "NodePort" } }, 'is of type "NodePort"'],
    ["kubernetes:v1:Service", { spec: { type: "NodePort" } }, 'is of type "NodePort"'],
    ["kubernetes:core/v1:ServiceList", { items: [{ spec: { type: "NodePort" } }] }, 'is of type "NodePort"'], // prettier-ignore
    ["kubernetes:v1:List", { items: [{ apiVersion: "v1", kind: "Service", spec: { type: "NodePort" } }] }, 'is of type "NodePort"'], // prettier-ignore
    ["kubernetes:core/v1:ConfigMap", { apiVersion: "v1", kind: "Service", spec: { type: "NodePort" } }, 'is of type "NodePort"'], // prettier-ignore
    ["kubernetes:core/v1:ServiceList", { items: unknown }, "holds objects not known yet"],
    ["kubernetes:networking.k8s.io/v1:Ingress", {}, "takes requests from outside the cluster"],
    ["kubernetes:extensions/v1beta1:Ingress", {}, "takes requests from outside the cluster"],
    ["kubernetes:gateway.networking.k8s.io/v1:Gateway", {}, "takes requests from outside the cluster"], // prettier-ignore
    [pod, podWith({ hostNetwork: true }), "has true for hostNetwork"],
    [pod, podWith({ hostNetwork: unknown }), "has a value not known yet for hostNetwork"],
    [pod, podWith({}, { hostPort: 80 }), "has 80 for a hostPort of the container scorer"],
    [pod, podWith({}, { hostPort: unknown }), "has a value not known yet for a hostPort of the container scorer"], // prettier-ignore
    [balancer, {}, "has nothing for internal, which must be true"],
    [balancer, { internal: false }, "has false for internal, which must be true"],
    [balancer, { internal: "true" }, 'has "true" for internal, which must be true'],
    ["aws:elb/loadBalancer:LoadBalancer", { internal: unknown }, "has a value not known yet for internal, which must be true"], // prettier-ignore
    [group, { ingress: [{ cidrBlocks: ["0.0.0.0/0"] }] }, 'lets in "0.0.0.0/0"'],
    [group, { ingress: [{ cidrBlocks: ["0.0.0.0/1"] }] }, 'lets in "0.0.0.0/1"'],
    [group, { ingress: [{ cidrBlocks: ["10.0.0.0/7"] }] }, 'lets in "10.0.0.0/7"'],
    [group, { ingress: [{ cidrBlocks: ["203.0.113.7/32"] }] }, 'lets in "203.0.113.7/32"'],
    [group, { ingress: [{ cidrBlocks: ["10.0.0.0"] }] }, 'lets in "10.0.0.0"'],
    [group, { ingress: [{ ipv6CidrBlocks: ["::/0"] }] }, 'lets in "::/0"'],
    [group, { ingress: [{ prefixListIds: ["pl-1"] }] }, 'lets in the prefix list "pl-1"'],
    [group, { ingress: [{ cidrBlocks: unknown }] }, "lets in a value not known yet"],
    [group, { ingress: unknown }, "lets in addresses not known yet"],
    ["aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", { ingress: [{ cidrBlocks: ["0.0.0.0/0"] }] }, 'lets in "0.0.0.0/0"'], // prettier-ignore
    [rule, { type: "ingress", cidrBlocks: ["0.0.0.0/0"] }, 'lets in "0.0.0.0/0"'],
    [rule, { type: unknown, cidrBlocks: ["0.0.0.0/0"] }, 'lets in "0.0.0.0/0"'],
    [ingressRule, { cidrIpv4: "0.0.0.0/0" }, 'lets in "0.0.0.0/0"'],
    [ingressRule, { cidrIpv6: unknown }, "lets in a value not known yet"],
    ["aws:ec2/instance:Instance", { associatePublicIpAddress: true }, "has true for associatePublicIpAddress, which must be false"], // prettier-ignore
    ["aws:ecs/service:Service", { networkConfiguration: { assignPublicIp: true } }, "has true for assignPublicIp, which must be false"], // prettier-ignore
    ["aws:eks/cluster:Cluster", {}, "has nothing for endpointPublicAccess, which must be false"],
    ["aws:lambda/functionUrl:FunctionUrl", {}, "takes requests from the internet"],
    ["aws:apigateway/restApi:RestApi", {}, "takes requests from the internet"],
  ] as const) {
    it(`refuses ${type} that ${opening}`, () => {
      assert.deepEqual(check(type, { ...props }), [`${type} one ${opening}.`]);
    });
  }

  it("passes what the stack's file names, and only that", () => {
    const open = { host: "0.0.0.0" };
    assert.deepEqual(check(process, open, ["one"]), []);
    assert.equal(check(process, open, ["another", "ONE", "*"]).length, 1);
  });
});
