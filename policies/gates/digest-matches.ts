import { z } from "zod";
import { label, noEvidence, passed, refused, shortDigest } from "../finding";
import { defineGate } from "../gate";
import { usualLevels } from "../levels";

/**
 * Refuses a pin unless pin, evidence and registry name the same bytes of the same version.
 *
 * It can't be waived: a waiver releases a version that was measured and found wanting, never other bytes.
 */
export const digestMatches = defineGate({
  name: "digest-matches",
  description: "The pin, its evidence and the registry name the same bytes.",
  severity: "critical",
  remedy: "Run `tollgate evaluate` for this version, then `tollgate pin` it again.",
  source:
    "Compares the sha256 over the version's files that the pin names with the one that was evaluated and with the version's tollgate.digest tag. It has no threshold.",
  waivable: false,
  levels: usualLevels,
  byDefault: "on",
  codes: ["digest-differs", "other-version", "registry-digest-missing"],
  settings: z.strictObject({}),
  check(candidate) {
    const { pin, evidence, registryDigest, offline } = candidate;
    if (!evidence) return noEvidence(candidate, "bytes");
    const version = label(pin);
    const model = evidence.model;
    const differs = (where: string, digest: string) =>
      refused(
        "digest-differs",
        `${version} is pinned as ${shortDigest(pin.digest)}, but ${where} ${shortDigest(digest)}.`,
        { value: digest, threshold: pin.digest },
      );

    if (model.name !== pin.name || model.version !== pin.version) {
      const other = label({ ...model });
      const reason = `${version} is pinned, but the evidence was measured on ${other}.`;
      return [refused("other-version", reason, { value: other, threshold: version })];
    }
    if (model.digest !== pin.digest) return [differs("its evidence was measured on", model.digest)];
    if (offline) {
      const reason = `${version} is ${shortDigest(pin.digest)} in the pin and the evidence; no registry was asked.`;
      return [passed(reason, { value: pin.digest, threshold: pin.digest })];
    }
    if (!registryDigest) {
      const reason = `${version} carries no digest in the registry; ${shortDigest(pin.digest)} is pinned.`;
      return [refused("registry-digest-missing", reason, { threshold: pin.digest })];
    }
    if (registryDigest !== pin.digest) return [differs("the registry has", registryDigest)];
    const reason = `${version} is ${shortDigest(pin.digest)} in the pin, the evidence and the registry.`;
    return [passed(reason, { value: pin.digest, threshold: pin.digest })];
  },
});
