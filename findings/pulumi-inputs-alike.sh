#!/bin/bash
# Pulumi's SDK sends a date, a BigInt, a Map and a Set as {}, so that moving a date is "no changes".
#
# Package: @pulumi/pulumi 3.248.0, npm's newest in November 2026.
# Input: a resource that is given two times, a count beyond 2^53, a Map, a Set, an address and two bytes; and another one
#   with other values in all of them but the bytes.
# Seen: Date, BigInt, Map, Set and URL all arrive as {}, and bytes as an object of their positions, without an error or a
#   warning. Both resources have the same inputs for the engine, so an update from one to the other has nothing
#   to do. JSON.stringify writes a Date and a URL as text, and refuses a BigInt.
# Expected: ISO 8601 text for a Date, as JSON has it, and for what JSON has no word for an error that names the property.
# Known: a time in a YAML file became {} on its way to Kubernetes (pulumi/pulumi-kubernetes#501, 2019, closed); a BigInt
#   can be captured by a closure (pulumi/pulumi#2581). Nothing was found on inputs in general. The SDK's own mocks are
#   asked: they get what the engine gets.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true }' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts @pulumi/pulumi@3.248.0 >&2

cat >program.cjs <<'EOF'
const assert = require("node:assert/strict");
const pulumi = require("@pulumi/pulumi");

const sent = new Map();
class Waiver extends pulumi.CustomResource {
  constructor(name, inputs) {
    super("example:index:Waiver", name, inputs);
  }
}

async function main() {
  await pulumi.runtime.setMocks({
    newResource({ name, inputs }) {
      sent.set(name, inputs);
      return { id: name, state: inputs };
    },
    call: ({ inputs }) => inputs,
  });
  const before = new Waiver("before", {
    expires: new Date("2026-12-01T08:00:00Z"),
    windows: [{ from: new Date("2026-12-24"), reason: "holidays" }],
    rows: 9007199254740993n,
    limits: new Map([["p95", 50]]),
    groups: new Set(["a", "b"]),
    registry: new URL("http://127.0.0.1:5000/"),
    mark: Buffer.from([1, 2]),
  });
  const after = new Waiver("after", {
    expires: new Date("2031-12-01T08:00:00Z"),
    windows: [{ from: new Date("2031-12-24"), reason: "holidays" }],
    rows: 1n,
    limits: new Map([["p95", 5000]]),
    groups: new Set(),
    registry: new URL("http://127.0.0.1:6000/"),
    mark: Buffer.from([1, 2]),
  });
  for (const each of [before, after]) await new Promise((done) => each.urn.apply(done));

  for (const [name, inputs] of sent) console.log(name.padEnd(6), JSON.stringify(inputs));
  const empty = { expires: {}, rows: {}, limits: {}, groups: {}, registry: {} };
  const windows = [{ from: {}, reason: "holidays" }];
  assert.deepEqual(sent.get("before"), { ...empty, windows, mark: { 0: 1, 1: 2 } });
  assert.deepEqual(sent.get("after"), sent.get("before"));
  console.log("As described: other times, counts and addresses are the same inputs to the engine.");
}

main().catch((error) => {
  console.error(error.message);
  process.exit(1);
});
EOF
node program.cjs
