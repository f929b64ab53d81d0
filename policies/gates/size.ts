import { z } from "zod";
import { label, noEvidence, refused } from "../finding";
import { defineGate, type Finding } from "../gate";
import { judgeNumber, notNegative } from "../measured";
import { numberCodes } from "../codes";
import { usualLevels } from "../levels";

const settings = z.strictObject({
  modelBytes: z
    .int()
    .positive()
    .optional()
    .describe("Highest accepted size of the version's files, in bytes. Default: not judged."),
  memoryBytes: z
    .int()
    .positive()
    .optional()
    .describe("Highest accepted resident memory of one scorer, in bytes. Default: not judged."),
});

/**
 * Refuses a pin whose files, or whose scorer in memory, are larger than the environment has room for. Exactly the limit
 * passes. A gate that was switched on without any limit is refused.
 */
export const size = defineGate({
  name: "size",
  description: "The version's files and its scorer's memory keep the environment's limits.",
  severity: "medium",
  remedy:
    "Pin a smaller version, or change tollgate:gates.size in a reviewed change when the host has more room.",
  source:
    "Compares the sum of the sizes of the version's files, and the resident memory of the real scorer process after the latency requests. " +
    "There are no defaults: what fits depends on the host.",
  waivable: true,
  levels: usualLevels,
  byDefault: "off",
  codes: ["above-limit", "no-limit", "not-measured", ...numberCodes],
  settings,
  check(candidate, { modelBytes, memoryBytes }) {
    const { evidence } = candidate;
    if (!evidence) return noEvidence(candidate, "size");
    const version = label(candidate.pin);
    const findings: Finding[] = [];
    if (modelBytes !== undefined) {
      findings.push(
        judgeNumber({
          subject: "model",
          value: evidence.model.sizeBytes,
          limit: modelBytes,
          kind: "limit",
          what: `${version} has files of`,
          where: "altogether",
          unit: "bytes",
          range: notNegative,
        }),
      );
    }
    if (memoryBytes !== undefined) {
      findings.push(judgeMemory(version, evidence.memoryBytes, memoryBytes));
    }
    if (findings.length > 0) return findings;
    const reason = `${version} can't be judged: tollgate:gates.size names neither modelBytes nor memoryBytes.`;
    return [refused("no-limit", reason)];
  },
});

function judgeMemory(version: string, value: number | null, limit: number): Finding {
  if (value === null) {
    const reason = `${version} has no measured memory of its scorer, which has the limit ${limit} bytes; evaluate it on a host that tells it.`;
    return refused("not-measured", reason, { subject: "memory", threshold: limit });
  }
  return judgeNumber({
    subject: "memory",
    value,
    limit,
    kind: "limit",
    what: `${version} has a scorer of`,
    where: "in memory after its latency requests",
    unit: "bytes",
    range: notNegative,
  });
}
