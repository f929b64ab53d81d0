import { type GuardedResource, read, readList, shown, unknown } from "../guardrail";
import { isPrivateRange } from "./networks";

type Props = GuardedResource["props"];

/** What of a resource can be reached from elsewhere, as clauses. */
type Openings = (props: Props) => string[];

const openings: Readonly<Record<string, Openings>> = {
  "aws:lb/loadBalancer:LoadBalancer": publicBalancer,
  "aws:alb/loadBalancer:LoadBalancer": publicBalancer,
  "aws:elb/loadBalancer:LoadBalancer": publicBalancer,
  "aws:ec2/securityGroup:SecurityGroup": ingressRules,
  "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": ingressRules,
  "aws:ec2/securityGroupRule:SecurityGroupRule": (props) =>
    read(props, "type") === "egress" ? [] : ruleOf(props),
  "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": ruleOf,
  "aws:ec2/instance:Instance": (props) => unless(false, props, "associatePublicIpAddress"),
  "aws:ecs/service:Service": (props) =>
    unless(false, props, "networkConfiguration", "assignPublicIp"),
  // AWS's own default is true.
  "aws:eks/cluster:Cluster": (props) =>
    read(props, "vpcConfig", "endpointPublicAccess") === undefined
      ? ["has nothing for endpointPublicAccess, which must be false"]
      : unless(false, props, "vpcConfig", "endpointPublicAccess"),
  "aws:lambda/functionUrl:FunctionUrl": () => ["takes requests from the internet"],
  "aws:apigatewayv2/api:Api": () => ["takes requests from the internet"],
  "aws:apigateway/restApi:RestApi": (props) =>
    read(props, "endpointConfiguration", "types") === "PRIVATE"
      ? []
      : ["takes requests from the internet"],
  "aws:cloudfront/distribution:Distribution": () => ["takes requests from the internet"],
};

/** How a resource of AWS can be reached from outside of its private network. */
export function openingsInAws({ type, props }: GuardedResource): string[] {
  return Object.hasOwn(openings, type) ? openings[type]!(props) : [];
}

/** What is there must be this value; what isn't there is right by AWS's own default. */
function unless(wanted: boolean, props: Props, ...path: string[]): string[] {
  const value = read(props, ...path) ?? wanted;
  return value === wanted
    ? []
    : [`has ${shown(value)} for ${path.at(-1)!}, which must be ${wanted}`];
}

function publicBalancer(props: Props): string[] {
  const internal = read(props, "internal");
  return internal === true ? [] : [`has ${shown(internal)} for internal, which must be true`];
}

function ingressRules(props: Props): string[] {
  const rules = readList(props, "ingress");
  return rules === unknown ? ["lets in addresses not known yet"] : rules.flatMap(ruleOf);
}

/** Ranges beyond private networks, also the half of the internet. What a list of prefixes holds isn't known here. */
function ruleOf(rule: unknown): string[] {
  const listed = ["cidrBlocks", "ipv6CidrBlocks"].flatMap((key) => readList(rule, key));
  const single = ["cidrIpv4", "cidrIpv6"].map((key) => read(rule, key));
  const ranges = [...listed, ...single.filter((range) => range !== undefined)];
  const lists = [...readListOf(rule, "prefixListIds"), read(rule, "prefixListId")];
  return [
    ...ranges.filter((range) => !isPrivateRange(range)).map((range) => `lets in ${shown(range)}`),
    ...lists
      .filter((list) => list !== undefined)
      .map((list) => `lets in the prefix list ${shown(list)}`),
  ];
}

function readListOf(from: unknown, key: string): readonly unknown[] {
  const list = readList(from, key);
  return list === unknown ? [unknown] : list;
}
