import { type GuardedResource, read, readList, shown, unknown } from "../guardrail";
import { isLoopback } from "./networks";

/** How a container or a service of Docker's can be reached from other machines. */
export function openingsInDocker({ type, props }: GuardedResource): string[] {
  if (type === "docker:index/container:Container") return ofContainer(props);
  if (type !== "docker:index/service:Service") return [];
  // A service's ports are published on every machine of the swarm.
  const ports = readList(props, "endpointSpec", "ports");
  if (ports === unknown) return ["publishes ports not known yet"];
  return ports.length === 0 ? [] : ["publishes ports on every machine of the swarm"];
}

function ofContainer(props: GuardedResource["props"]): string[] {
  const network = read(props, "networkMode");
  if (network === "host" || network === unknown) return [`has the network ${shown(network)}`];
  const all = read(props, "publishAllPorts");
  if (all !== undefined && all !== false) return [`has ${shown(all)} for publishAllPorts`];
  const ports = readList(props, "ports");
  if (ports === unknown) return ["publishes ports not known yet"];
  return ports.flatMap((port) => {
    const ip = read(port, "ip");
    // Docker's own default is 0.0.0.0.
    return isLoopback(ip) ? [] : [`publishes a port on ${shown(ip ?? "0.0.0.0")}`];
  });
}
