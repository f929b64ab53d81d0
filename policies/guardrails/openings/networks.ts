import { BlockList, isIP } from "node:net";

/** 127.0.0.0/8, ::1, and the name for them. */
export function isLoopback(host: unknown): boolean {
  if (typeof host !== "string") return false;
  if (host === "localhost") return true;
  const address = host.replace(/^\[(.*)\]$/, "$1");
  const family = isIP(address);
  return family !== 0 && loopback.check(address, family === 4 ? "ipv4" : "ipv6");
}

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");

/** Networks that the internet doesn't route: RFC 1918, 6598, 3927, 4193 and 4291. */
const privateNetworks = [
  ["10.0.0.0", 8],
  ["172.16.0.0", 12],
  ["192.168.0.0", 16],
  ["100.64.0.0", 10],
  ["169.254.0.0", 16],
  ["127.0.0.0", 8],
  ["fc00::", 7],
  ["fe80::", 10],
  ["::1", 128],
] as const;

/** Does a range such as `10.0.0.0/8` hold private addresses alone? What can't be read doesn't. */
export function isPrivateRange(range: unknown): boolean {
  if (typeof range !== "string") return false;
  const [, address, bits] = /^([\da-f.:]+)\/(\d{1,3})$/i.exec(range) ?? [];
  const family = isIP(address ?? "");
  if (address === undefined || family === 0 || Number(bits) > (family === 4 ? 32 : 128)) {
    return false;
  }
  return privateNetworks.some(([network, length]) => {
    if (isIP(network) !== family || Number(bits) < length) return false;
    const block = new BlockList();
    const type = family === 4 ? "ipv4" : "ipv6";
    block.addSubnet(network, length, type);
    return block.check(address, type);
  });
}
