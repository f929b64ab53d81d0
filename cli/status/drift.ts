import { shortDigest } from "../../policies/finding";
import { samePin } from "../../history/rollback";
import { nameOfPin } from "../../history/pin-name";
import type { Status } from "./status";

/** What drift is found from, besides the facts that `status` shows. */
export interface DriftInputs {
  /** The stage that the pinned version should be in. */
  readonly stage: string;
  /** Is there the journal of a release that isn't complete? */
  readonly interrupted: boolean;
  /** What is different about the place, the processes or the objects of a cluster, a sentence each. */
  readonly objects?: readonly string[];
}

/** Where what is declared, what is recorded and what is really there part. Pure. */
export function driftOf(
  facts: Omit<Status, "drift">,
  { stage, interrupted, objects = [] }: DriftInputs,
): string[] {
  const { pin, serving, registry, cluster } = facts;
  if (facts.ended) return driftOfEnded(facts, interrupted);
  const drift: string[] = [];
  if (cluster?.problem) drift.push(cluster.problem);
  if (interrupted) drift.push("a release is under way, or was interrupted");
  for (const { name, status, healthy } of [...facts.processes, ...facts.pods])
    if (!healthy) drift.push(`${name} is ${status}`);
  drift.push(...objects);
  if (!pin) {
    if (serving.answer)
      drift.push(`nothing is pinned, but version ${serving.answer.version} answers`);
    return drift;
  }
  drift.push(...unreleased(facts));
  // Neither the scorer nor a registry of the stack's own can be asked then.
  if (cluster?.problem) return drift;
  const { answer } = serving;
  if (!answer) drift.push(`nothing answers at ${serving.url} (${serving.problem})`);
  else if (answer.version !== pin.version || answer.digest !== pin.digest) {
    drift.push(
      `version ${answer.version} (${shortDigest(answer.digest)}) answers instead of ${nameOfPin(pin)}`,
    );
  }
  if (registry.problem) return [...drift, registry.problem];
  const { name, version } = registry.alias;
  if (version !== pin.version) {
    drift.push(
      `alias ${name} in the registry points to ${version ? `version ${version}` : "nothing"} instead of version ${pin.version}`,
    );
  }
  if (stage !== "None" && registry.stage !== stage) {
    drift.push(
      `the registry has version ${pin.version} in stage ${registry.stage ?? "None"} instead of ${stage}`,
    );
  }
  return drift;
}

/** Drift of an environment whose servers were stopped on purpose: nobody has to answer, the rest may still differ. */
function driftOfEnded(facts: Omit<Status, "drift">, interrupted: boolean): string[] {
  const { answer, url } = facts.serving;
  return [
    ...(interrupted ? ["a release was interrupted"] : []),
    ...(answer ? [`it is ended, but version ${answer.version} answers at ${url}`] : []),
    ...unreleased(facts),
  ];
}

function unreleased({ pin, lastReceipt }: Pick<Status, "pin" | "lastReceipt">): string[] {
  if (!pin || samePin(pin, lastReceipt?.pin)) return [];
  const released = lastReceipt
    ? `${nameOfPin(lastReceipt.pin)} was released last`
    : "nothing was released yet";
  return [`${nameOfPin(pin)} is pinned, but ${released}`];
}
