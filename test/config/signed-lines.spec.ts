import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { addLine, readLines, signedLinesFile } from "../../config/signed-lines";
import { SettingsError } from "../../project/errors";
import type { ApprovalPredicate, WaiverPredicate } from "../../trust/types";
import { digestOf, pin } from "../support/evidence";
import { signedLine, testKey } from "../support/signing";
import { withProject } from "./fixtures";

const bea = testKey("bea@example.com");
const pinned = {
  stack: "prod",
  model: pin.name,
  version: pin.version,
  digest: pin.digest,
  at: "2026-02-01T09:00:00Z",
  expires: "2026-02-08T09:00:00Z",
};
const approve = (change: Partial<ApprovalPredicate> = {}) =>
  signedLine(bea, "approval", { approver: bea.name, ...pinned, plan: digestOf("6"), ...change });
const waive = (change: Partial<WaiverPredicate> = {}) =>
  signedLine(bea, "waiver", {
    gate: "latency",
    ...pinned,
    reason: "slow disk in prod",
    owner: bea.name,
    ...change,
  });

describe("readLines", () => {
  it("gives none when there is no file", () => {
    withProject({}, (dir) => assert.deepEqual(readLines(dir, "approvals", "prod"), []));
  });

  it("gives each line as it stands, oldest first, and skips empty ones", () => {
    const [first, second] = [approve(), approve({ version: "3" })];
    withProject({ "approvals/prod.jsonl": `${first}\r\n\n  ${second}` }, (dir) =>
      assert.deepEqual(readLines(dir, "approvals", "prod"), [first, second]),
    );
  });

  it("reads waivers from their own folder", () => {
    withProject({ "waivers/prod.jsonl": waive() }, (dir) => {
      assert.deepEqual(readLines(dir, "waivers", "prod"), [waive()]);
      assert.deepEqual(readLines(dir, "approvals", "prod"), []);
    });
  });

  it("leaves out lines about another version and bytes, and keeps those that have one of the two", () => {
    const lines = {
      same: approve(),
      sameBytes: approve({ version: "3" }),
      sameVersion: approve({ digest: digestOf("b") }),
      elsewhere: approve({ stack: "staging" }),
      otherVersion: approve({ version: "3", digest: digestOf("b") }),
      otherModel: approve({ model: "fraud-model" }),
    };
    withProject({ "approvals/prod.jsonl": Object.values(lines).join("\n") }, (dir) =>
      assert.deepEqual(readLines(dir, "approvals", "prod", pin), [
        lines.same,
        lines.sameBytes,
        lines.sameVersion,
        lines.elsewhere,
      ]),
    );
  });

  for (const [what, wrong, told] of [
    ["isn't JSON", "approved by bea", "(it is not JSON"],
    [
      "is an approval that nobody signed",
      JSON.stringify({ approver: "bea", ...pinned }),
      "(it isn't a DSSE envelope, see payloadType);",
    ],
    ["is a waiver", waive(), "(it isn't a signed approval, see predicateType);"],
    ["has a date without time", approve({ at: "2026-02-01" }), "see predicate.at);"],
  ] as const) {
    it(`refuses a line that ${what}, and says where it is`, () => {
      withProject({ "approvals/prod.jsonl": `${approve()}\n\n${wrong}\n` }, (dir) =>
        assert.throws(
          () => readLines(dir, "approvals", "prod", pin),
          (error: Error) => {
            assert.ok(error instanceof SettingsError);
            const place = `${signedLinesFile(dir, "approvals", "prod")}:3`;
            assert.ok(
              error.message.startsWith(`${place} isn't a signed approval (`),
              error.message,
            );
            assert.ok(error.message.includes(told), error.message);
            assert.ok(error.message.endsWith("remove it and run `tollgate approve`."));
            return true;
          },
        ),
      );
    });
  }

  it("refuses a file that can't be read", () => {
    withProject({ "approvals/prod.jsonl/inside": "" }, (dir) =>
      assert.throws(
        () => readLines(dir, "approvals", "prod"),
        /^SettingsError: .*prod\.jsonl can't be read \(EISDIR.*; allow it or remove it\.$/,
      ),
    );
  });
});

describe("addLine", () => {
  it("makes the file, and adds a line for each", () => {
    withProject({}, (dir) => {
      addLine(dir, "waivers", "prod", waive());
      addLine(dir, "waivers", "prod", waive({ gate: "size" }));
      assert.equal(
        fs.readFileSync(path.join(dir, "waivers", "prod.jsonl"), "utf8"),
        `${waive()}\n${waive({ gate: "size" })}\n`,
      );
    });
  });

  it("makes one line of an envelope that was written over several", () => {
    withProject({}, (dir) => {
      addLine(dir, "approvals", "prod", JSON.stringify(JSON.parse(approve()), null, 2));
      assert.deepEqual(readLines(dir, "approvals", "prod"), [approve()]);
    });
  });

  it("starts a new line behind one that was never ended, and keeps what was there", () => {
    withProject({ "approvals/prod.jsonl": approve() }, (dir) => {
      addLine(dir, "approvals", "prod", approve({ version: "3" }));
      assert.deepEqual(readLines(dir, "approvals", "prod"), [approve(), approve({ version: "3" })]);
    });
  });

  it("refuses what couldn't be read again, and writes nothing", () => {
    withProject({}, (dir) => {
      assert.throws(
        () => addLine(dir, "approvals", "prod", waive()),
        /^SettingsError: The new approval isn't a signed approval/,
      );
      assert.equal(fs.existsSync(path.join(dir, "approvals")), false);
    });
  });
});
