import fs from "node:fs";
import path from "node:path";
import type { PinnedVersion } from "../policies/gate";
import { SettingsError } from "../project/errors";
import { contentOf } from "../project/stack-files";
import { readClaim } from "../trust/statement";

/** What people sign about a stack's versions; each is a folder of the project, with a file a stack. */
export type SignedKind = "approvals" | "waivers";

const words = {
  approvals: { purpose: "approval", verb: "tollgate approve" },
  waivers: { purpose: "waiver", verb: "tollgate waive" },
} as const;

/** Where a stack's approvals or waivers are kept: committed lines, one signed envelope (DSSE) each. */
export function signedLinesFile(projectDir: string, kind: SignedKind, stack: string): string {
  return path.join(projectDir, kind, `${stack}.jsonl`);
}

/**
 * The lines of a stack's approvals or waivers, oldest first; none when there is no file. They are read, not verified:
 * that is for the gates, which say why one doesn't count.
 *
 * @param pin leaves out lines that name neither this version nor these bytes; null gives all
 * @throws SettingsError that names the file and the line that can't be read
 */
export function readLines(
  projectDir: string,
  kind: SignedKind,
  stack: string,
  pin: PinnedVersion | null = null,
): string[] {
  const file = signedLinesFile(projectDir, kind, stack);
  return linesIn(contentOf(file), file, kind, pin);
}

/**
 * The same of a file's text, such as a commit holds.
 *
 * @param file how the text is called in errors
 */
export function linesIn(
  text: string,
  file: string,
  kind: SignedKind,
  pin: PinnedVersion | null,
): string[] {
  return text
    .split("\n")
    .map((content, index) => ({ content: content.trim(), place: `${file}:${index + 1}` }))
    .filter(({ content }) => content !== "")
    .filter(({ content, place }) => isAbout(pin, content, kind, place))
    .map(({ content }) => content);
}

/**
 * Records an envelope as a new line of a stack's approvals or waivers.
 *
 * @throws SettingsError for an envelope that `readLines` wouldn't read, or a file that can't be written
 */
export function addLine(
  projectDir: string,
  kind: SignedKind,
  stack: string,
  envelope: string,
): void {
  isAbout(null, envelope, kind, `The new ${words[kind].purpose}`);
  const file = signedLinesFile(projectDir, kind, stack);
  const before = contentOf(file);
  const end = before === "" || before.endsWith("\n") ? "" : "\n";
  const line = JSON.stringify(JSON.parse(envelope));
  try {
    fs.mkdirSync(path.dirname(file), { recursive: true });
    // Appended, so that two people at the same time both stay.
    fs.appendFileSync(file, `${end}${line}\n`);
  } catch (error) {
    throw new SettingsError(
      `${file} can't be written (${(error as Error).message}); free space or allow it.`,
    );
  }
}

/** Is a line about this version or these bytes? One that names the other of the two is shown as what it is. */
function isAbout(
  pin: PinnedVersion | null,
  line: string,
  kind: SignedKind,
  place: string,
): boolean {
  const { purpose, verb } = words[kind];
  const claim = readClaim(line, purpose);
  if ("unreadable" in claim) {
    throw new SettingsError(
      `${place} isn't a signed ${purpose} (${claim.unreadable}); remove it and run \`${verb}\`.`,
    );
  }
  const { model, version, digest } = claim.predicate;
  return !pin || (model === pin.name && (version === pin.version || digest === pin.digest));
}
