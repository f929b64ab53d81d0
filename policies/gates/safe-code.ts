import { z } from "zod";
import { count, label, noEvidence, passed, refused } from "../finding";
import { type Candidate, defineGate, type Finding } from "../gate";
import { allowsName, safeNames } from "../safe-names";

const settings = z.strictObject({
  allow: z
    .array(
      z
        .string()
        .regex(
          /^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*$/,
          "expected a Python name such as mylibrary.models.Tree",
        ),
    )
    .default([])
    .describe(
      "Further names that pickled files may load, such as mylibrary.models; a name allows what lies below it. Default: none.",
    ),
  standard: z
    .boolean()
    .default(true)
    .describe(
      "Allow what models of scikit-learn, numpy, scipy, pandas, xgboost, lightgbm and catboost are made of. Default true.",
    ),
});

/** How many names a sentence lists; the rest is counted. */
const listed = 5;

/**
 * Refuses a version whose files would load something the list doesn't name when the scorer unpickles them, or can't be
 * read far enough to tell. Unpickling runs what a file names, so a file is code.
 *
 * It can't be waived: bytes that may do anything are not a matter of risk appetite.
 */
export const safeCode = defineGate({
  name: "safe-code",
  description: "The version's files load only what the allow-list names when they are unpickled.",
  severity: "critical",
  remedy:
    "Log the model without code of its own (or in skops format), or add the name to tollgate:gates.safe-code.allow in a reviewed change.",
  source:
    "Fickling takes the pickled files apart without running them, and the names they load are compared with the list. The standard list is what pickles of the usual libraries hold, found by pickling their estimators; it names modules, not whole packages.",
  waivable: false,
  settings,
  check(candidate, { allow, standard }) {
    const { evidence, pin } = candidate;
    if (!evidence) return noEvidence(candidate, "code");
    const { files, scanner } = evidence.code;
    if (!Array.isArray(files) || !scanner) {
      return [refused("not-measured", `${label(pin)} was never scanned for code in its files.`)];
    }
    if (files.length === 0) {
      return [passed(`${label(pin)} has no file that runs code when it is loaded (${scanner}).`)];
    }
    const names = new Set(standard ? [...safeNames, ...allow] : allow);
    return [...files]
      .sort((a, b) => (a.path < b.path ? -1 : 1))
      .map((file) => judgeFile(candidate, file, names, scanner));
  },
});

function judgeFile(
  { pin }: Candidate,
  file: { path: string; loads: readonly string[]; problem: string | null },
  allow: ReadonlySet<string>,
  scanner: string,
): Finding {
  const { path, loads, problem } = file;
  const what = `${label(pin)} has the file ${path}`;
  if (problem !== null) {
    const why = String(problem).trim().replace(/\.$/, "") || "it can't be scanned";
    const reason = `${what}, of which can't be told what it runs when it is loaded: ${why} (${scanner}).`;
    return refused("code-unreadable", reason, { subject: path });
  }
  if (!Array.isArray(loads) || loads.some((name) => typeof name !== "string")) {
    const reason = `${what}, whose names to load aren't a list of texts (${scanner}).`;
    return refused("wrong-type", reason, { subject: path });
  }
  const foreign = loads.filter((name) => !allowsName(allow, name)).sort();
  const facts = { subject: path, value: foreign.length, threshold: 0, margin: 0 - foreign.length };
  if (foreign.length > 0) {
    const more = foreign.length > listed ? ` and ${foreign.length - listed} more` : "";
    const shown = foreign.slice(0, listed).join(", ");
    const reason = `${what}, which loads ${shown}${more}, not on the allow-list (${scanner}).`;
    return refused("code-not-allowed", reason, facts);
  }
  const reason = `${what}, which loads ${count(loads.length, "name")}, all on the allow-list (${scanner}).`;
  return passed(reason, { ...facts, margin: 0 });
}
