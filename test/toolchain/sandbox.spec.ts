import assert from "node:assert/strict";
import { partOf } from "../../toolchain/sandbox";

describe("partOf", () => {
  const refused = "setting up uid map: Permission denied";

  for (const [host, found, status, source] of [
    [
      "that has all",
      { bubblewrap: null, landlock: 7, seccomp: true },
      "ok",
      /^bubblewrap, Landlock 7, seccomp$/,
    ],
    [
      "without Landlock",
      { bubblewrap: null, landlock: 0, seccomp: true },
      "ok",
      /^bubblewrap, seccomp$/,
    ],
    [
      "that lets nobody make namespaces",
      { bubblewrap: refused, landlock: 3, seccomp: true },
      "ok",
      /^Landlock 3, seccomp; no bubblewrap \(setting up uid map: Permission denied\): to have it, allow user namespaces/,
    ],
    [
      "that has neither",
      { bubblewrap: refused, landlock: 0, seccomp: true },
      "unknown",
      /^none \(.*Permission denied; no Landlock\): scorers start only where tollgate:scorer.sandbox is preferred or off/,
    ],
    [
      "that filters no system calls, though it has Landlock",
      { bubblewrap: "this is no Linux", landlock: 7, seccomp: false },
      "unknown",
      /^none \(no seccomp\)/,
    ],
  ] as const) {
    it(`says what a host has ${host}`, () => {
      const part = partOf(found);
      assert.equal(part.status, status);
      assert.match(part.source!, source);
    });
  }
});
