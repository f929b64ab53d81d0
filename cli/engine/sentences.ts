import type { Diagnostic, EngineReport } from "./events";

/** What the engine says of its own end after the reason was given already. */
const noise =
  /^(error: )?(preview|update|destroy|refresh)( failed| canceled| cancelled)?( with \d+ errors?)?$|^resource .* failed$|^one or more errors occurred/i;

/** A line of a stack trace, or what frames one. */
const trace = /^\s*(at\s|node:internal|Node\.js v|\^+\s*$|\[[a-z]+\] ?$)/;

/** A provider's refusal in `check`, as the engine wraps it. */
const checkFailure = /^\S+ resource '[^']*'(?:: property .*? value \{.*?\})? has a problem: /s;

/** What the Kubernetes provider puts in front of the API server's own answer. */
const applyFailure =
  /^resource "urn:[^"]*" was not successfully \w+ by the Kubernetes API server ?: /;

/** The API server's answer to somebody without a right, which it names. */
const lackedRight = /is forbidden: User "[^"]*" cannot \w+ resource "[^"]*".*$/m;

/** The sentence or sentences inside one message of the engine, without its framing. */
export function sentenceOf(message: string): string {
  const lines = message
    .replace(checkFailure, "")
    .replace(/^(error: )+/, "")
    .replace(applyFailure, "")
    .replace(
      lackedRight,
      "$&; have that right given, or choose another user with tollgate:kubernetes.context (`tollgate doctor` lists every right that is needed)",
    )
    .replace(/^Running program '.*' failed with an unhandled exception:\s*/, "")
    .split("\n")
    .map((line) => line.trimEnd())
    .filter((line) => line.trim() !== "" && !trace.test(line));
  return lines
    .join("\n")
    .replace(/^(<ref \*\d+> )?(Uncaught )?[A-Za-z]*Error: /, "")
    .trim();
}

/** Why a run failed: each cause once, the noise left out. */
export function causesOf(report: EngineReport): string[] {
  const causes = report.diagnostics
    .filter(({ severity }) => severity === "error")
    .map(withResource)
    .filter((cause) => cause !== null);
  return [...new Set(causes)];
}

function withResource({ resource, message }: Diagnostic): string | null {
  const sentence = sentenceOf(message);
  if (sentence === "" || noise.test(sentence)) return null;
  const named = resource === null || sentence.split(/[^\w.-]+/).includes(resource);
  return named ? sentence : `${resource}: ${sentence}`;
}

const known: readonly [RegExp, (found: RegExpExecArray) => string][] = [
  [
    /no space left on device/i,
    () =>
      "The disk is full, so the stack's state can't be written: free some space and run this again.",
  ],
  [
    /(?:open|stat|mkdir|create|write|rename) ([^\s:]+): (permission denied|read-only file system|not a directory)/i,
    ([, path, why]) =>
      `The stack's state at ${path} can't be written (${why}): make it writable and run this again.`,
  ],
  [
    /incorrect passphrase/i,
    () =>
      "The stack's secrets were encrypted with another passphrase: set PULUMI_CONFIG_PASSPHRASE to that one.",
  ],
  [
    /conflict: .*is already in progress/i,
    () => "Another update of this stack is in progress: wait until it is done.",
  ],
];

/** The sentence for a failure outside the program, from what the engine wrote to stderr. */
export function engineFailure(stderr: string): string {
  for (const [pattern, sentence] of known) {
    const found = pattern.exec(stderr);
    if (found) return sentence(found);
  }
  const lines = stderr.split("\n").map((line) => sentenceOf(line));
  return lines.filter((line) => line !== "" && !noise.test(line)).join("\n");
}
