import assert from "node:assert/strict";
import { CliError, reportOf, usageError } from "../../cli/errors";
import { RegistryError } from "../../registry/errors";

describe("reportOf", () => {
  for (const [what, error, code, exitCode] of [
    ["our own error", new CliError("locked", "Locked."), "locked", 1],
    ["a wrong command line", usageError("No."), "usage", 64],
    ["a silent registry", new RegistryError("unavailable", "Silent."), "registry-unavailable", 1],
    ["any other error", new TypeError("x is undefined"), "type", 1],
  ] as const) {
    it(`gives ${what} its code and exit code`, () => {
      assert.deepEqual(reportOf(error), { code, message: error.message, exitCode });
    });
  }

  for (const [code, sentence] of [
    ["ENOSPC", "The disk is full, so /x/y can't be written: free some space and run this again."],
    ["EROFS", "/x/y is on a read-only file system: choose a project folder that can be written."],
    [
      "EACCES",
      "Permission denied for /x/y: run this as the user who owns it, or change its owner.",
    ],
  ] as const) {
    it(`says a sentence for ${code}`, () => {
      const error = Object.assign(new Error(`${code}: open '/x/y'`), { code, path: "/x/y" });
      assert.deepEqual(reportOf(error), {
        code: code.toLowerCase(),
        message: sentence,
        exitCode: 1,
      });
    });
  }
});
