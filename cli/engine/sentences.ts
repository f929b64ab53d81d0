import type { EngineReport } from "./events";

/** What the engine says of its own end, or of what it cut short, after the reason was given already. */
const noise =
  /^(error: )?(preview|update|destroy|refresh)( failed| canceled| cancelled)?( with \d+ errors?)?$|^resource .* failed$|^one or more errors occurred|^failed to run \w+: .*(context canceled|code = Canceled)/i;

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

/** Why a run failed: each cause once, with the first resource that met it, and the noise left out. */
export function causesOf(report: EngineReport): string[] {
  const causes = new Map<string, string>();
  for (const { severity, resource, message } of report.diagnostics) {
    const sentence = sentenceOf(message);
    if (severity !== "error" || sentence === "" || noise.test(sentence)) continue;
    if (!causes.has(sentence)) causes.set(sentence, withResource(resource, sentence));
  }
  return [...causes.values()];
}

function withResource(resource: string | null, sentence: string): string {
  const named = resource === null || sentence.split(/[^\w.-]+/).includes(resource);
  return named ? sentence : `${resource}: ${sentence}`;
}

/** What the engine's client of S3 says of answers without the checksums that only AWS sends. */
const chatter = /^SDK \S+ \S+ (WARN|DEBUG) /;

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
    /unexpected end of JSON input/,
    () =>
      "A file of the stack's state, or of its locks, is empty. Where the state is in S3 of SeaweedFS, that is why: such a " +
      "store lists a folder without files as an empty file, which the engine takes for a lock, so keep the state in another " +
      "store, or in a folder (`backend` in Pulumi.yaml). Elsewhere a write was cut off: `tollgate pulumi -- stack export` " +
      "says whether the state itself can be read.",
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
  const lines = stderr
    .split("\n")
    .filter((line) => !chatter.test(line))
    .map((line) => sentenceOf(line));
  return lines.filter((line) => line !== "" && !noise.test(line)).join("\n");
}
