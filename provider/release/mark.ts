import type { RegistryClient } from "../../registry/client";
import { isRegistryError } from "../../registry/errors";
import { nameFilter } from "../../registry/filter";
import { reasonOf } from "../failures";
import type { StageAliasInputs } from "../inputs";
import type { PreviousMark } from "./journal";
import { aliasVersion, openRegistry } from "./registry";
import { siteOf } from "./site-of";
import { undoRelease } from "./undo";

/** What the registry says of a model. */
export interface LivingMark {
  /** The version the alias points at; null when there is no such alias. */
  readonly aliasVersion: string | null;
  /** Legacy stage of the version that should be marked; null when there is no such version. */
  readonly stage: PreviousMark["stages"][string] | null;
}

/**
 * Looks at alias and stage as they are.
 *
 * @param withinSeconds longest wait for both together
 * @throws RegistryError when the registry doesn't answer
 */
export async function observeMark(
  inputs: StageAliasInputs,
  withinSeconds: number,
): Promise<LivingMark> {
  const registry = (await openRegistry(inputs.registry)).within(withinSeconds);
  const [alias, stage] = await Promise.all([
    aliasVersion(registry, inputs.model, inputs.alias),
    stageOf(registry, inputs.model, inputs.version),
  ]);
  return { aliasVersion: alias, stage };
}

/**
 * Points the alias at the version, moves the legacy stage, and reads both back. Part of a release: when it fails, the
 * whole release is undone.
 *
 * @param before what this replaces: an alias of another name that still points at that version goes
 */
export async function markVersion(
  inputs: StageAliasInputs,
  before: StageAliasInputs | null,
): Promise<void> {
  try {
    const registry = await openRegistry(inputs.registry);
    const site = await siteOf(inputs);
    if (await site.journal()) await site.recordMark(await previousMark(registry, inputs));
    await flip(registry, inputs);
    if (before) await removeRenamed(registry, inputs, before);
  } catch (error) {
    const outcome = await undoRelease(inputs);
    const reason = reasonOf(error).replace(/\.$/, "");
    throw new Error(
      `version ${inputs.version} of ${inputs.model} could not be marked as "${inputs.alias}": ${reason}` +
        (outcome ? `; the release was undone, ${outcome}` : ""),
    );
  }
}

/** Removes our alias and stage from our version. What points elsewhere by now is not ours. */
export async function unmarkVersion({
  registry: address,
  model,
  alias,
  version,
  stage,
}: StageAliasInputs): Promise<void> {
  const registry = await openRegistry(address);
  if ((await aliasVersion(registry, model, alias)) === version) {
    await registry.deleteRegisteredModelAlias(model, alias);
  }
  if (stage !== "None" && (await stageOf(registry, model, version)) === stage) {
    await registry.transitionModelVersionStage(model, version, "None", false);
  }
}

async function flip(registry: RegistryClient, inputs: StageAliasInputs): Promise<void> {
  const { model, alias, version, stage } = inputs;
  if ((await aliasVersion(registry, model, alias)) !== version) {
    await registry.setRegisteredModelAlias(model, alias, version);
  }
  if (stage !== "None" && (await stageOf(registry, model, version)) !== stage) {
    await registry.transitionModelVersionStage(model, version, stage, true);
  }
  const living = await aliasVersion(registry, model, alias);
  if (living !== version) {
    throw new Error(`the registry says it points at version ${living ?? "none"} after the change`);
  }
  const livingStage = await stageOf(registry, model, version);
  if (stage !== "None" && livingStage !== stage) {
    throw new Error(`the registry says its stage is ${livingStage ?? "unknown"} after the change`);
  }
}

/** The alias or the model was renamed in the settings: the old mark must not outlive it. */
async function removeRenamed(
  registry: RegistryClient,
  { model, alias, stage }: StageAliasInputs,
  before: StageAliasInputs,
): Promise<void> {
  const renamed = before.model !== model || before.alias !== alias;
  if (renamed && (await aliasVersion(registry, before.model, before.alias)) === before.version) {
    await registry.deleteRegisteredModelAlias(before.model, before.alias);
  }
  const stageLeft = before.stage !== "None" && (stage === "None" || before.model !== model);
  if (stageLeft && (await stageOf(registry, before.model, before.version)) === before.stage) {
    await registry.transitionModelVersionStage(before.model, before.version, "None", false);
  }
}

/** Everything `flip` may change: the alias, our version's stage and that of whoever holds the stage now. */
async function previousMark(
  registry: RegistryClient,
  { registry: address, model, alias, version, stage }: StageAliasInputs,
): Promise<PreviousMark> {
  const stages: Record<string, PreviousMark["stages"][string]> = {};
  if (stage !== "None") {
    for (const each of await registry.searchModelVersions(nameFilter(model))) {
      if (each.currentStage === stage) stages[each.version] = stage;
    }
    stages[version] = (await stageOf(registry, model, version)) ?? "None";
  }
  return {
    registry: address,
    model,
    alias,
    aliasVersion: await aliasVersion(registry, model, alias),
    stages,
  };
}

async function stageOf(
  registry: RegistryClient,
  model: string,
  version: string,
): Promise<LivingMark["stage"]> {
  try {
    const { currentStage } = await registry.getModelVersion(model, version);
    return currentStage as LivingMark["stage"];
  } catch (error) {
    if (isRegistryError(error, "not-found")) return null;
    throw error;
  }
}
