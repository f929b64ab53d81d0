import type { ReceiptFacts } from "../../history/receipt";
import { digestOf, pin } from "./evidence";

/** What the provider records of a release, with nothing in it that a spec doesn't say. */
export function receiptFacts(changes: Partial<ReceiptFacts> = {}): ReceiptFacts {
  return {
    at: "2026-01-01T00:00:00.000Z",
    stack: "staging",
    pin,
    evidenceDigest: null,
    lineage: null,
    verdicts: [],
    packVersion: "0.1.0",
    packDigest: digestOf("7"),
    plan: digestOf("6"),
    lowered: [],
    commit: null,
    dirty: null,
    actor: "ann@example.com",
    approvals: [],
    waivers: [],
    ...changes,
  };
}
