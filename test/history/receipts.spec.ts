import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import fc from "fast-check";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { canonicalJson } from "../../strict/canonical";
import {
  parseReceiptLine,
  type Receipt,
  type ReceiptFacts,
  receiptLine,
} from "../../history/receipt";
import { appendReceipt, readReceipts, receiptsFile } from "../../history/receipts";
import { compliantEvidence, digestOf } from "../support/fixtures";

let stateDir: string;

beforeEach(() => {
  stateDir = fs.mkdtempSync(path.join(os.tmpdir(), "tollgate-receipts-"));
});
afterEach(() => fs.rmSync(stateDir, { recursive: true, force: true }));

function facts(version: string): ReceiptFacts {
  const { accuracy } = compliantEvidence().metrics;
  return {
    at: "2026-01-01T00:00:00.000Z",
    stack: "staging",
    pin: { name: "churn-model", version, digest: digestOf(version.slice(-1)) },
    evidenceDigest: digestOf("e"),
    verdicts: [
      {
        gate: "metric-floor",
        level: "mandatory",
        status: "passed",
        passed: true,
        subject: "accuracy",
        code: "ok",
        value: accuracy!,
        threshold: 0.9,
        margin: 0.0125,
        reason: `churn-model v${version} has accuracy ${accuracy}, at least 0.9; naïve – and fine.`,
        remedy: "Nothing.",
        waiver: null,
      },
    ],
    packVersion: "0.1.0",
    packDigest: digestOf("7"),
    plan: digestOf("6"),
    lineage: { gitCommit: "0a1b2c3", dataVersion: "v2" },
    lowered: [],
    commit: "c".repeat(40),
    dirty: false,
    actor: "mira@example.com",
    approvals: [],
    waivers: [],
  };
}

async function chainOf(length: number): Promise<Buffer> {
  for (let version = 1; version <= length; version++) {
    await appendReceipt(stateDir, facts(String(version)));
  }
  return fs.readFileSync(receiptsFile(stateDir));
}

describe("appendReceipt", () => {
  it("numbers receipts and chains each to the line before", async () => {
    await chainOf(3);
    const { receipts, torn } = readReceipts(stateDir);
    assert.equal(torn, null);
    assert.deepEqual(
      receipts.map(({ seq, pin, previousPin }) => [seq, pin.version, previousPin?.version ?? null]),
      [
        [1, "1", null],
        [2, "2", "1"],
        [3, "3", "2"],
      ],
    );
    assert.equal(receipts[0]!.previous, null);
    assert.notEqual(receipts[1]!.previous, receipts[2]!.previous);
  });

  it("never lets the time go back, whatever the clock and the last receipt say", async () => {
    for (const at of ["2026-01-05T00:00:00.000Z", "2026-01-02T00:00:00.000Z"]) {
      await appendReceipt(stateDir, { ...facts("1"), at });
    }
    await appendReceipt(stateDir, { ...facts("1"), at: "2026-01-04T00:00:00Z" });
    await appendReceipt(stateDir, { ...facts("1"), at: "2026-01-06T00:00:00.000Z" });
    assert.deepEqual(
      readReceipts(stateDir).receipts.map(({ at }) => at.slice(8, 10)),
      ["05", "05", "05", "06"],
    );
  });

  it("reads a chain of before, in which a clock was set back, and goes on at its latest time", async () => {
    const lines: string[] = [];
    let last: Receipt | null = null;
    for (const at of ["2026-01-05T00:00:00.000Z", "2026-01-02T00:00:00.000Z"]) {
      const line = receiptLine({ ...facts("1"), at }, last);
      last = parseReceiptLine(Buffer.from(line), last);
      lines.push(line);
    }
    fs.writeFileSync(receiptsFile(stateDir), `${lines.join("\n")}\n`);
    const { at } = await appendReceipt(stateDir, { ...facts("2"), at: "2026-01-03T00:00:00.000Z" });
    assert.equal(at, "2026-01-05T00:00:00.000Z");
    assert.equal(readReceipts(stateDir).receipts.length, 3);
  });

  it("keeps the bytes of the lines before", async () => {
    const before = await chainOf(2);
    await appendReceipt(stateDir, facts("3"));
    const after = fs.readFileSync(receiptsFile(stateDir));
    assert.ok(after.subarray(0, before.length).equals(before));
  });

  it("sets aside what a killed writer left of a line, at any length, and goes on", async () => {
    const whole = await chainOf(2);
    const start = whole.indexOf("\n") + 1;
    const file = receiptsFile(stateDir);
    for (const length of [1, 5, 9, 10, 200, whole.length - start - 2]) {
      fs.writeFileSync(file, whole.subarray(0, start + length));
      const torn = whole.subarray(start, start + length).toString();
      const read = readReceipts(stateDir);
      assert.deepEqual([read.receipts.length, read.torn], [1, torn], `${length} bytes`);
      await appendReceipt(stateDir, facts("3"));
      const again = readReceipts(stateDir);
      assert.deepEqual(
        [again.receipts.map(({ pin }) => pin.version), again.torn],
        [["1", "3"], null],
      );
      const kept = fs.readFileSync(path.join(stateDir, "receipts.torn"), "utf8");
      assert.ok(kept.endsWith(`${torn}\n`));
    }
  });

  it("takes a last line that lacks only its newline as whole", async () => {
    const whole = await chainOf(2);
    fs.writeFileSync(receiptsFile(stateDir), whole.subarray(0, -1));
    assert.equal(readReceipts(stateDir).receipts.length, 2);
    await appendReceipt(stateDir, facts("3"));
    assert.equal(readReceipts(stateDir).receipts.length, 3);
  });

  it("refuses to add to an altered chain, and leaves it as it is", async () => {
    const whole = await chainOf(2);
    const altered = Buffer.from(whole.toString().replace("mira@", "mara@"));
    fs.writeFileSync(receiptsFile(stateDir), altered);
    await assert.rejects(appendReceipt(stateDir, facts("3")), { name: "AlteredReceiptsError" });
    assert.ok(fs.readFileSync(receiptsFile(stateDir)).equals(altered));
  });

  it("keeps one chain when several processes append at once", async function () {
    this.timeout(30_000);
    const source = path.join(__dirname, "../../history/receipts.ts");
    const program = `
      const { appendReceipt } = require(${JSON.stringify(source)});
      const [stateDir, facts] = process.argv.slice(1);
      (async () => {
        for (let i = 0; i < 5; i++) await appendReceipt(stateDir, JSON.parse(facts));
      })();`;
    const writers = ["1", "2", "3"].map((version) =>
      spawn(
        process.execPath,
        ["--import", "tsx", "-e", program, stateDir, JSON.stringify(facts(version))],
        { stdio: "inherit", cwd: path.join(__dirname, "../..") },
      ),
    );
    const codes = await Promise.all(writers.map(async (writer) => (await once(writer, "exit"))[0]));
    assert.deepEqual(codes, [0, 0, 0]);
    const { receipts } = readReceipts(stateDir);
    assert.deepEqual(
      receipts.map(({ seq }) => seq),
      Array.from({ length: 15 }, (_, i) => i + 1),
    );
  });
});

describe("readReceipts", () => {
  it("is empty without a file", () => {
    assert.deepEqual(readReceipts(stateDir), { receipts: [], torn: null });
  });

  it("notices any single byte that was changed", async () => {
    const whole = await chainOf(3);
    const file = receiptsFile(stateDir);
    const noticed = (bytes: Buffer) => {
      fs.writeFileSync(file, bytes);
      try {
        return readReceipts(stateDir).torn !== null;
      } catch (error) {
        return (error as Error).name === "AlteredReceiptsError";
      }
    };
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: whole.length - 1 }),
        fc.integer({ min: 1, max: 255 }),
        (at, change) => {
          const bytes = Buffer.from(whole);
          bytes[at] = bytes[at]! ^ change;
          return noticed(bytes);
        },
      ),
      { numRuns: 500 },
    );
    // The last newline can be anything else than a newline.
    for (let byte = 0; byte < 256; byte++) {
      if (byte === 10) continue;
      const bytes = Buffer.from(whole);
      bytes[bytes.length - 1] = byte;
      assert.throws(() => {
        fs.writeFileSync(file, bytes);
        readReceipts(stateDir);
      }, /line 3 of .* was altered/);
    }
  });

  it("notices lines that were removed, repeated or swapped", async () => {
    const [one, two, three] = (await chainOf(3)).toString().trimEnd().split("\n");
    const wrong: [string[], RegExp][] = [
      [[two!, three!], /line 1 of \S+ was altered: its number is 2, after 0; put the file back/],
      [[one!, three!], /line 2 of \S+ was altered: its number is 3, after 1/],
      [[one!, one!, two!, three!], /line 2 of \S+ was altered: its number is 1, after 1/],
      [[one!, three!, two!], /line 2/],
    ];
    for (const [lines, reason] of wrong) {
      fs.writeFileSync(receiptsFile(stateDir), `${lines.join("\n")}\n`);
      assert.throws(() => readReceipts(stateDir), reason);
    }
  });

  it("notices a line of another chain in the right place", async () => {
    const [one] = (await chainOf(1)).toString().split("\n");
    fs.rmSync(receiptsFile(stateDir));
    await appendReceipt(stateDir, { ...facts("1"), actor: "kim@example.com" });
    await appendReceipt(stateDir, facts("2"));
    const two = fs.readFileSync(receiptsFile(stateDir), "utf8").split("\n")[1];
    fs.writeFileSync(receiptsFile(stateDir), `${one}\n${two}\n`);
    assert.throws(
      () => readReceipts(stateDir),
      /line 2 of \S+ was altered: it does not follow from the line before/,
    );
  });
});

describe("canonicalJson", () => {
  it("does not depend on the order of keys", () => {
    const shuffled = fc
      .dictionary(fc.string(), fc.jsonValue())
      .chain((value) =>
        fc.tuple(
          fc.constant(value),
          fc.shuffledSubarray(Object.keys(value), { minLength: Object.keys(value).length }),
        ),
      );
    fc.assert(
      fc.property(shuffled, ([value, keys]) => {
        const other = Object.fromEntries(keys.map((key) => [key, value[key]]));
        return canonicalJson(value) === canonicalJson(other);
      }),
    );
  });

  it("says the same thing as JSON", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const plain: unknown = JSON.parse(JSON.stringify(value));
        assert.deepEqual(JSON.parse(canonicalJson(value)), plain);
      }),
    );
  });
});
