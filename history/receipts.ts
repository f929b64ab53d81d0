import fs from "node:fs";
import path from "node:path";
import { withProcessLock } from "../processes/lock";
import {
  latestReceiptAt,
  parseReceiptLine,
  type Receipt,
  type ReceiptFacts,
  receiptLine,
} from "./receipt";

/** The chain of receipts was changed after it was written. The message names the file and the line. */
export class AlteredReceiptsError extends Error {
  override readonly name = "AlteredReceiptsError";
}

/** The chain of one stack, oldest first. */
export interface ReceiptChain {
  readonly receipts: readonly Receipt[];
  /** The beginning of a line whose writer was killed; it holds no receipt. Null when there is none. */
  readonly torn: string | null;
}

/** The file with a stack's receipts, one JSON object a line. */
export function receiptsFile(stateDir: string): string {
  return path.join(stateDir, "receipts.jsonl");
}

/**
 * Reads and verifies a stack's chain of receipts; empty when there is no file.
 *
 * @throws AlteredReceiptsError when any byte is not as it was written
 */
export function readReceipts(stateDir: string): ReceiptChain {
  const file = receiptsFile(stateDir);
  return parseChain(file, readBytes(file));
}

/**
 * Adds a receipt to the end of the chain and returns it, on disk for certain. Safe when several do it at once. What a
 * killed writer left of a line is moved to `receipts.torn` first.
 *
 * Time never goes back in a chain. A clock that says less than the latest receipt stops no release here: the gates refuse
 * a new version by such a clock, and a way back must not wait for it. The receipt then has the time of the latest one.
 *
 * @param publish writes it elsewhere as well, before it is in the chain: when that fails, it is nowhere
 * @throws AlteredReceiptsError when the chain does not verify: nothing is added to it then
 */
export async function appendReceipt(
  stateDir: string,
  facts: ReceiptFacts,
  publish: (line: string, receipt: Receipt) => Promise<void> = () => Promise.resolve(),
): Promise<Receipt> {
  return withProcessLock(stateDir, "receipts", async () => {
    const { receipts } = readReceipts(stateDir);
    const last = receipts.at(-1) ?? null;
    const at = latestReceiptAt([...receipts, facts])!;
    const line = receiptLine({ ...facts, at }, last);
    await publish(line, parseReceiptLine(Buffer.from(line), last));
    return append(stateDir, line);
  });
}

/**
 * Adds a line that was written elsewhere, if it is the one that follows.
 *
 * @throws AlteredReceiptsError when it isn't
 */
export async function appendLine(stateDir: string, line: string): Promise<Receipt> {
  return withProcessLock(stateDir, "receipts", () => Promise.resolve(append(stateDir, line)));
}

function append(stateDir: string, line: string): Receipt {
  const file = receiptsFile(stateDir);
  const bytes = readBytes(file);
  const { receipts, torn } = parseChain(file, bytes);
  const last = receipts.at(-1) ?? null;
  const receipt = parseLine(
    line,
    last,
    `the receipt that follows line ${receipts.length} of ${file}`,
  );
  if (torn !== null) setAside(file, bytes.length - Buffer.byteLength(torn), torn);
  const lineIsOpen = torn === null && bytes.length > 0 && bytes.at(-1) !== newline;
  const descriptor = fs.openSync(file, "a", 0o644);
  try {
    // In one write, so that a kill leaves a beginning and never a hole.
    fs.writeFileSync(descriptor, `${lineIsOpen ? "\n" : ""}${line}\n`);
    fs.fsyncSync(descriptor);
  } finally {
    fs.closeSync(descriptor);
  }
  return receipt;
}

function parseLine(line: string, last: Receipt | null, what: string): Receipt {
  try {
    return parseReceiptLine(Buffer.from(line), last);
  } catch (error) {
    throw new AlteredReceiptsError(`${what} was altered: ${(error as Error).message}`);
  }
}

const newline = "\n".charCodeAt(0);

function readBytes(file: string): Buffer {
  try {
    return fs.readFileSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return Buffer.alloc(0);
    throw error;
  }
}

function parseChain(file: string, bytes: Buffer): ReceiptChain {
  const receipts: Receipt[] = [];
  let start = 0;
  while (start < bytes.length) {
    const end = bytes.indexOf(newline, start);
    const line = bytes.subarray(start, end === -1 ? bytes.length : end);
    try {
      receipts.push(parseReceiptLine(line, receipts.at(-1) ?? null));
    } catch (error) {
      if (end === -1 && isTorn(line)) return { receipts, torn: line.toString("utf8") };
      throw new AlteredReceiptsError(
        `line ${receipts.length + 1} of ${file} was altered: ${(error as Error).message}; put the file back from a copy`,
      );
    }
    start = end === -1 ? bytes.length : end + 1;
  }
  return { receipts, torn: null };
}

/** The beginning of a receipt and no more: a whole one with something behind it was not left by a killed writer. */
function isTorn(line: Buffer): boolean {
  const text = line.toString("utf8");
  if (!'{"actor":'.startsWith(text.slice(0, 9))) return false;
  for (let end = text.indexOf("}"); end !== -1; end = text.indexOf("}", end + 1)) {
    try {
      JSON.parse(text.slice(0, end + 1));
      return false;
    } catch {
      // Not the end of the object yet.
    }
  }
  return true;
}

/** Keeps the torn bytes in a file beside the chain and cuts them off the chain. */
function setAside(file: string, length: number, torn: string): void {
  fs.appendFileSync(file.replace(/\.jsonl$/, ".torn"), `${torn}\n`);
  fs.truncateSync(file, length);
}
