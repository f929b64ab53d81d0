// Run by full-disk.spec.ts where the folder it is given is on a small disk of its own: a release whose receipt has no room.
// Prints what was said and what the router was told afterwards, as one JSON document.
import fs from "node:fs";
import path from "node:path";
import { readReceipts } from "../../history/receipts";
import { readLiveRoute, routeFiles, writeRoutes } from "../../provider/envoy/files";
import { routeFacts, routeTo } from "../../provider/envoy/routes";
import type { ReceiptInputs } from "../../provider/inputs";
import { openJournal } from "../../provider/release/journal";
import { receiptType } from "../../provider/types/receipt";
import { admissionOf } from "../policies/fixtures";
import { compliantCandidate, digestOf } from "../support/fixtures";

const [projectDir = ""] = process.argv.slice(2);
const stateDir = path.join(projectDir, ".tollgate", "staging");

async function main(): Promise<void> {
  await receiptType.create(await inputs("1"));
  writeRoutes(stateDir, routeTo("scorer-1", "1", digestOf("1"), 30));
  openJournal(stateDir, { version: "2", digest: digestOf("2") });
  writeRoutes(stateDir, routeTo("scorer-2", "2", digestOf("2"), 30));
  fillUp();
  const said = await receiptType.create(await inputs("2")).then(
    () => null,
    (error: Error) => error.message,
  );
  console.log(
    JSON.stringify({
      said,
      told: routeFacts(readLiveRoute(stateDir).routes)?.version ?? null,
      receipts: readReceipts(stateDir).receipts.map(({ pin }) => pin.version),
      journal: fs.existsSync(routeFiles(stateDir).journal),
    }),
  );
}

async function inputs(version: string): Promise<ReceiptInputs> {
  const { gates } = await import("../../policies/gates");
  const disabled = { level: "disabled", settings: {} } as const;
  const configurations = Object.fromEntries(gates.map(({ name }) => [name, disabled]));
  const pin = { name: "churn-model", version, digest: digestOf(version) };
  const admission = admissionOf({ ...compliantCandidate(), pin }, configurations);
  return { stateDir, cluster: null, projectDir, stack: "staging", pin, admission };
}

/** Writes until there is no room for another byte. */
function fillUp(): void {
  const descriptor = fs.openSync(path.join(projectDir, "filler"), "w");
  for (let size = 64 * 1024; size >= 1;) {
    try {
      fs.writeSync(descriptor, Buffer.alloc(size, "x"));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
      size = Math.floor(size / 2);
    }
  }
  fs.closeSync(descriptor);
}

void main();
