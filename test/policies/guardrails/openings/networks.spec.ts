import assert from "node:assert/strict";
import fc from "fast-check";
import { isLoopback, isPrivateRange } from "../../../../policies/guardrails/openings/networks";

describe("isLoopback", () => {
  it("is every address of 127.0.0.0/8, ::1 and localhost", () => {
    for (const host of [
      "127.0.0.1",
      "127.255.255.255",
      "::1",
      "[::1]",
      "0:0:0:0:0:0:0:1",
      "localhost",
    ]) {
      assert.equal(isLoopback(host), true, host);
    }
  });

  it("is no other address, and no value of another type", () => {
    const others = [
      "0.0.0.0",
      "::",
      "",
      "128.0.0.1",
      "126.255.255.255",
      "127.0.0",
      "0x7f.1",
      "fe80::1",
    ];
    for (const host of [...others, undefined, null, 127, Symbol("not known yet")]) {
      assert.equal(isLoopback(host), false, String(host));
    }
  });
});

describe("isPrivateRange", () => {
  for (const range of [
    "10.0.0.0/8",
    "10.1.2.3/32",
    "172.16.0.0/12",
    "172.31.255.0/24",
    "192.168.0.0/16",
    "100.64.0.0/10",
    "fd12::/48",
    "fc00::/7",
    "::1/128",
  ]) {
    it(`passes ${range}`, () => assert.equal(isPrivateRange(range), true));
  }

  for (const range of [
    "0.0.0.0/0",
    "10.0.0.0/7",
    "172.16.0.0/11",
    "172.32.0.0/16",
    "192.169.0.0/16",
    "::/0",
    "fc00::/6",
    "2001:db8::/32",
    "::ffff:10.0.0.0/104",
    "10.0.0.0",
    "10.0.0.0/33",
    "10.0.0.0/",
    "10.0.0/8",
    "",
    "all",
    10,
    undefined,
  ]) {
    it(`refuses ${String(range)}`, () => assert.equal(isPrivateRange(range), false));
  }

  it("passes exactly the IPv4 ranges whose first and last address are in one private network", () => {
    const networks = [["10.0.0.0", 8], ["172.16.0.0", 12], ["192.168.0.0", 16], ["100.64.0.0", 10], ["169.254.0.0", 16], ["127.0.0.0", 8]] as const; // prettier-ignore
    const number = (address: string) =>
      address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
    const near = fc.constantFrom(...networks.map(([network]) => number(network)));
    const address = fc.oneof(
      fc.nat(2 ** 32 - 1),
      fc.tuple(near, fc.integer({ min: -300, max: 2 ** 24 })).map(([at, by]) => at + by),
    );
    fc.assert(
      fc.property(address, fc.nat(32), (given, bits) => {
        const size = 2 ** (32 - bits);
        const first = Math.floor(given / size) * size;
        const within = networks.some(([network, length]) => {
          const start = number(network);
          return first >= start && first + size <= start + 2 ** (32 - length);
        });
        const text = [24, 16, 8, 0].map((shift) => Math.floor(first / 2 ** shift) % 256).join(".");
        assert.equal(isPrivateRange(`${text}/${bits}`), within, `${text}/${bits}`);
      }),
      { numRuns: 500 },
    );
  });
});
