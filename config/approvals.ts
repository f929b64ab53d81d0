import fs from "node:fs";
import path from "node:path";
import { z } from "zod";
import type { Approval } from "../policies/gate";
import { digestSchema } from "../registry/evidence";
import { SettingsError } from "./errors";
import { parseInWords, pathText } from "./problems";

const approvalSchema = z.strictObject({
  approver: z.string().trim().min(1),
  stack: z.string().min(1),
  model: z.string().min(1),
  version: z.string().regex(/^[1-9][0-9]*$/, "expected a version number in quotes"),
  digest: digestSchema,
  at: z.iso.datetime(),
  comment: z.string().optional(),
});

/** Where a stack's approvals are kept: committed lines, one JSON object each. */
export function approvalsFile(projectDir: string, stack: string): string {
  return path.join(projectDir, "approvals", `${stack}.jsonl`);
}

/**
 * Every approval recorded for a stack, oldest first; none when there is no file.
 *
 * @throws SettingsError that names the file and the line that can't be read
 */
export function readApprovals(projectDir: string, stack: string): Approval[] {
  const file = approvalsFile(projectDir, stack);
  return contentOf(file)
    .split("\n")
    .map((line, index) => ({ line: line.trim(), at: `${file}:${index + 1}` }))
    .filter(({ line }) => line !== "")
    .map(({ line, at }) => parseApproval(line, at));
}

/**
 * Records an approval as a new line of its stack's file.
 *
 * @returns false when the same person has already approved the same pin; nothing is written then
 */
export function addApproval(projectDir: string, approval: Approval): boolean {
  const file = approvalsFile(projectDir, approval.stack);
  const line = JSON.stringify(approval);
  const added = parseApproval(line, "The approval");
  if (readApprovals(projectDir, approval.stack).some((known) => sameApproval(known, added))) {
    return false;
  }
  const before = contentOf(file);
  const end = before === "" || before.endsWith("\n") ? "" : "\n";
  fs.mkdirSync(path.dirname(file), { recursive: true });
  // Appended, so that two approvals at the same time both stay.
  fs.appendFileSync(file, `${end}${JSON.stringify(added)}\n`);
  return true;
}

function parseApproval(line: string, where: string): Approval {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new SettingsError(
      `${where} isn't a line of JSON; write approvals with \`tollgate approve\`.`,
    );
  }
  const { data, problems } = parseInWords(approvalSchema, value);
  if (!problems) return data;
  const what = problems.map(({ path, text }) => `${pathText(path) || "the line"}: ${text}`);
  throw new SettingsError(
    `${where} isn't an approval (${what.join("; ")}); write approvals with \`tollgate approve\`.`,
  );
}

function sameApproval(a: Approval, b: Approval): boolean {
  return (
    a.approver.toLowerCase() === b.approver.toLowerCase() &&
    a.stack === b.stack &&
    a.model === b.model &&
    a.version === b.version &&
    a.digest === b.digest
  );
}

function contentOf(file: string): string {
  try {
    return fs.readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw new SettingsError(
      `${file} can't be read (${(error as Error).message}); allow it or remove it.`,
    );
  }
}
