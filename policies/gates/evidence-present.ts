import { z } from "zod";
import { count, label, passed, refused } from "../finding";
import { defineGate } from "../gate";
import { usualLevels } from "../levels";

/**
 * Refuses a pin without readable evidence, and says why there is none.
 *
 * The other gates only say that they had nothing to judge. It can't be waived: without evidence nobody knows which
 * bytes the version has.
 */
export const evidencePresent = defineGate({
  name: "evidence-present",
  description: "The registry answers for the pinned version and its evidence is readable.",
  severity: "critical",
  remedy: "Run `tollgate evaluate` for this version, then `tollgate pin` it again.",
  source:
    "Reads the evidence document beside the version's run, strictly by its published schema, and compares its sha256 with the version's tollgate.evidence tag. It has no threshold.",
  waivable: false,
  levels: usualLevels,
  byDefault: "on",
  codes: [
    "evidence-missing",
    "evidence-unreadable",
    "evidence-altered",
    "registry-unavailable",
    "version-not-found",
    "version-not-ready",
  ],
  settings: z.strictObject({}),
  check({ pin, evidence, problem }) {
    if (evidence) {
      const { rows, path } = evidence.data;
      return [passed(`${label(pin)} has evidence, measured on ${count(rows, "row")} of ${path}.`)];
    }
    return [
      problem
        ? refused(problem.code, problem.reason.replace(/[.\s]*$/, "."))
        : refused(
            "evidence-missing",
            `${label(pin)} has no evidence; run \`tollgate evaluate\` for it.`,
          ),
    ];
  },
});
