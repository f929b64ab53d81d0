import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { addApproval, approvalsFile, readApprovals } from "../../config/approvals";
import { SettingsError } from "../../config/errors";
import type { Approval } from "../../policies/gate";
import { digest, withProject } from "./fixtures";

const approval: Approval = {
  approver: "bea@example.com",
  stack: "prod",
  model: "churn-model",
  version: "2",
  digest,
  at: "2026-02-01T09:00:00Z",
};
const line = JSON.stringify(approval);

describe("readApprovals", () => {
  it("gives none when there is no file", () => {
    withProject({}, (dir) => assert.deepEqual(readApprovals(dir, "prod"), []));
  });

  it("gives each line, oldest first, and skips empty ones", () => {
    const second = { ...approval, approver: "cem", comment: "looked at the drift" };
    const text = `${line}\r\n\n${JSON.stringify(second)}`;
    withProject({ "approvals/prod.jsonl": text }, (dir) =>
      assert.deepEqual(readApprovals(dir, "prod"), [approval, second]),
    );
  });

  for (const [what, wrong, told] of [
    ["isn't JSON", "{approver: bea}", "isn't a line of JSON;"],
    ["lacks a field", '{"approver":"bea"}', "isn't an approval (stack: missing, expected a text;"],
    [
      "has an unknown field",
      line.replace("{", '{"comments":"x",'),
      "(comments: unknown key, did you mean comment?);",
    ],
    ["has a version as a number", line.replace('"2"', "2"), "(version: got 2, expected a text);"],
    [
      "has a digest that is none",
      line.replace(digest, "abc"),
      '(digest: got "abc", expected "sha256:" and 64 hex digits);',
    ],
    ["is a list", "[]", "(the line: got [], expected a group of settings);"],
  ] as const) {
    it(`refuses a line that ${what}, and says where it is`, () => {
      withProject({ "approvals/prod.jsonl": `${line}\n\n${wrong}\n` }, (dir) =>
        assert.throws(
          () => readApprovals(dir, "prod"),
          (error: Error) => {
            assert.ok(error instanceof SettingsError);
            assert.ok(error.message.startsWith(`${approvalsFile(dir, "prod")}:3 `), error.message);
            assert.ok(error.message.includes(told), error.message);
            assert.ok(error.message.endsWith("write approvals with `tollgate approve`."));
            return true;
          },
        ),
      );
    });
  }
});

describe("addApproval", () => {
  it("makes the file and adds a line for each", () => {
    withProject({}, (dir) => {
      const second = { ...approval, approver: "cem@example.com" };
      assert.equal(addApproval(dir, approval), true);
      assert.equal(addApproval(dir, second), true);
      const text = fs.readFileSync(path.join(dir, "approvals", "prod.jsonl"), "utf8");
      assert.equal(text, `${line}\n${JSON.stringify(second)}\n`);
    });
  });

  it("starts a new line behind one that was never ended", () => {
    withProject({ "approvals/prod.jsonl": line }, (dir) => {
      addApproval(dir, { ...approval, version: "3" });
      assert.deepEqual(
        readApprovals(dir, "prod").map(({ version }) => version),
        ["2", "3"],
      );
    });
  });

  it("adds nothing when the same person has approved the same pin", () => {
    withProject({ "approvals/prod.jsonl": `${line}\n` }, (dir) => {
      const again = { ...approval, approver: "BEA@example.com", at: "2026-02-02T09:00:00Z" };
      assert.equal(addApproval(dir, again), false);
      assert.deepEqual(readApprovals(dir, "prod"), [approval]);
    });
  });

  it("refuses an approval by nobody", () => {
    withProject({}, (dir) => {
      assert.throws(
        () => addApproval(dir, { ...approval, approver: " " }),
        /^SettingsError: The approval isn't an approval \(approver: got " ", expected a text that isn't empty\)/,
      );
      assert.equal(fs.existsSync(approvalsFile(dir, "prod")), false);
    });
  });
});
