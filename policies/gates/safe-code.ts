import { z } from "zod";
import { count, label, noEvidence, passed, refused } from "../finding";
import { type Candidate, defineGate, type Finding } from "../gate";
import { type Foreign, foreignIn, inWords, safeNames, type Uses } from "../safe-names";
import { usualLevels } from "../levels";
import { withDefault } from "../setting";

/** A Python name as the scan writes it; a method as `mylibrary.models:Tree.make`. */
const pythonName = /^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*(:[A-Za-z_]\w*(\.[A-Za-z_]\w*)+)?$/;

const settings = z.strictObject({
  allow: z
    .array(z.string().regex(pythonName, "expected a Python name such as mylibrary.models.Tree"))
    .default([])
    .describe(
      "Further names that files may load, each exactly, such as mylibrary.models.Tree. Default: none.",
    ),
  code: z
    .array(
      z.strictObject({
        sha256: z
          .string()
          .regex(/^[0-9a-f]{64}$/, "expected the sha256 of a file, 64 lower-case hex digits")
          .describe("sha256 of the file's bytes, 64 lower-case hex digits."),
        path: z
          .string()
          .min(1)
          .optional()
          .describe("Where in the version it may lie, such as code/models.py. Default: anywhere."),
      }),
    )
    .default([])
    .describe(
      "Files of the version that somebody has read and that may hold code, by the sha256 of their bytes. Default: none.",
    ),
  standard: withDefault(
    z.boolean(),
    true,
    "Allow what models of scikit-learn, numpy, scipy, pandas, xgboost, lightgbm and catboost are made of.",
  ),
});

type File = NonNullable<Candidate["evidence"]>["code"]["files"][number];

/** How many names a sentence lists; the rest is counted. */
const listed = 5;
/** Modules of Python's own by which a file runs, imports or opens whatever it likes: no line is offered that allows them. */
const runsAnything: ReadonlySet<string> = new Set(
  "builtins code ctypes functools importlib io multiprocessing nt operator os pathlib pickle platform posix pty pydoc runpy shutil socket subprocess sys timeit types webbrowser".split(
    " ",
  ),
);
/** More names than these aren't worth allowing one by one. */
const nameable = 20;

/**
 * Refuses a version whose files would run something that isn't on the list when they are loaded: names that pickled files
 * load or use in another way than models do, settings of MLmodel that import or open something else, and files that are
 * code and that nobody allowed by their sha256. What can't be read far enough to tell is refused as well.
 *
 * It can't be waived: bytes that may do anything are not a matter of risk appetite.
 */
export const safeCode = defineGate({
  name: "safe-code",
  description:
    "The version's files load and call only what the allow-list names, and hold no code that nobody reviewed.",
  severity: "critical",
  remedy:
    "Log the model without code of its own (or in skops format), or allow the name (tollgate:gates.safe-code.allow) or the file by its sha256 (tollgate:gates.safe-code.code) in a reviewed change.",
  source:
    "The version's files are taken apart without loading them, pickles by two readers. Each name that they load, and what is done with it, is compared with a list of exact names and uses, made from what the pinned packages write themselves; MLmodel's settings are compared with those that MLflow writes.",
  waivable: false,
  levels: usualLevels,
  byDefault: "on",
  codes: ["code-not-allowed", "code-unreadable", "not-measured", "wrong-type"],
  settings,
  check(candidate, { allow, code, standard }) {
    const { evidence, pin, history } = candidate;
    if (!evidence) return noEvidence(candidate, "code");
    const { files, scanner, scanned } = evidence.code;
    if (!Array.isArray(files) || !scanner) {
      return [refused("not-measured", `${label(pin)} was never scanned for code in its files.`)];
    }
    // A version that was released then may come back; its names are judged all the same.
    if (typeof scanned !== "number" && history.releasedAt === null) {
      const reason = `${label(pin)} was scanned by an older Tollgate, which didn't look at what is done with names and at the settings of MLmodel (${scanner}); evaluate it again.`;
      return [refused("not-measured", reason)];
    }
    if (files.length === 0) {
      return [passed(`${label(pin)} has no file that runs code when it is loaded (${scanner}).`)];
    }
    const own = modulesIn(files);
    const rules: Rules = {
      own,
      allow: new Set(allow.filter((name) => !own.has(firstPart(name)))),
      code,
      standard: standard ? safeNames : new Map(),
    };
    return [...files]
      .sort((a, b) => (a.path < b.path ? -1 : 1))
      .map((file) => judgeFile(candidate, file, rules, scanner));
  },
});

interface Rules {
  /** Modules that the version's own code could provide. */
  readonly own: ReadonlySet<string>;
  readonly allow: ReadonlySet<string>;
  readonly code: readonly { readonly sha256: string; readonly path?: string | undefined }[];
  readonly standard: typeof safeNames;
}

function judgeFile({ pin }: Candidate, file: File, rules: Rules, scanner: string): Finding {
  const { path, loads, uses, problem, sha256 } = file;
  const what = `${label(pin)} has the file ${path}`;
  const reviewed = rules.code.some(
    (each) => each.sha256 === sha256 && (each.path === undefined || each.path === path),
  );
  if (reviewed) {
    const reason = `${what}, whose bytes the settings allow by their sha256 ${sha256!.slice(0, 12)} (${scanner}).`;
    return passed(reason, { subject: path });
  }
  if (problem !== null) {
    const why = String(problem).trim().replace(/\.$/, "") || "it can't be scanned";
    const reason = `${what}, of which can't be told what it runs when it is loaded: ${why} (${scanner}).`;
    return refused("code-unreadable", reason, { subject: path, remedy: remedyOf(file, [], rules) });
  }
  if (!isTexts(loads) || !isUses(uses)) {
    const reason = `${what}, whose names to load aren't a list of texts (${scanner}).`;
    return refused("wrong-type", reason, { subject: path });
  }
  const foreign = foreignIn({ loads, uses }, rules.allow, rules.standard);
  const facts = { subject: path, value: foreign.length, threshold: 0, margin: 0 - foreign.length };
  if (foreign.length > 0) {
    const more = foreign.length > listed ? ` and ${foreign.length - listed} more` : "";
    const shown = foreign.slice(0, listed).map(inWords).join(", ");
    const reason = `${what}, which loads ${shown}${more}, not on the allow-list (${scanner}).`;
    const remedy = remedyOf(file, foreign, rules);
    return refused("code-not-allowed", reason, { ...facts, remedy });
  }
  const reason = `${what}, which loads ${count(loads.length, "name")}, all on the allow-list (${scanner}).`;
  return passed(reason, { ...facts, margin: 0 });
}

/**
 * The line that would allow exactly this: the names, where an installed library has them, else the file by its sha256.
 * Undefined where neither can be written, as of an older scan.
 */
function remedyOf({ path, sha256 }: File, foreign: readonly Foreign[], { own }: Rules) {
  const names = [...new Set(foreign.map(({ name }) => name))];
  const installed = (name: string) =>
    pythonName.test(name) && !own.has(firstPart(name)) && !runsAnything.has(firstPart(name));
  if (names.length > 0 && names.length <= nameable && names.every(installed)) {
    return `Log the model in a form that doesn't load ${names.length === 1 ? "it" : "them"}, or, if what an installed library does under ${names.length === 1 ? "that name" : "those names"} may run here, add ${names.join(", ")} to tollgate:gates.safe-code.allow in a reviewed change.`;
  }
  if (sha256 === undefined) return undefined;
  const line = `{path: ${asYaml(path)}, sha256: "${sha256}"}`;
  return `Log the model without code of its own (or in skops format), or read this file and add ${line} to tollgate:gates.safe-code.code in a reviewed change.`;
}

/** A text within a flow mapping. */
function asYaml(text: string): string {
  return /^[A-Za-z_][\w./-]*$/.test(text) ? text : JSON.stringify(text);
}

function firstPart(name: string): string {
  return name.split(/[.:]/, 1)[0]!;
}

/**
 * Modules that the version's own code files could provide, by their first part: `allow` means an installed library, and
 * a pickle that loads from the version's own code is allowed by its own sha256 only.
 */
function modulesIn(files: readonly File[]): Set<string> {
  const code = files.filter(({ path }) => /\.py[a-z]?$/i.test(path));
  return new Set(code.flatMap(({ path }) => path.split("/").map((part) => part.split(".")[0]!)));
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((each) => typeof each === "string");
}

/** Undefined where an older scan did not look. */
function isUses(value: unknown): value is Uses | undefined {
  return (
    value === undefined ||
    (typeof value === "object" && value !== null && Object.values(value).every(isTexts))
  );
}
