import { readFileSync } from "node:fs";
import type { FetchedCandidate } from "../../admission/candidate";
import type { Settings } from "../../config/settings";
import type { AdmissionInputs } from "../../policies/admission-inputs";
import { keptNames, lockedNames } from "../../processes/kept";
import type { TollgateProvider } from "../../provider/dispatch";
import type { ReceiptInputs } from "../../provider/inputs";
import { sha256 } from "../../strict/canonical";
import { stackFiles } from "./backend";
import { stateDigest } from "./deciding";
import { emptyReport, type EngineReport } from "./events";
import { digestLeft, forgetLeft, recordLeft } from "../../runtimes/left";
import { tokens } from "../../policies/resource-tokens";

/** A resource as the engine keeps it, as far as it is used here. */
interface Recorded {
  readonly urn: string;
  readonly type: string;
  readonly id?: string;
  readonly custom?: boolean;
  readonly inputs?: Readonly<Record<string, unknown>>;
  readonly outputs?: Readonly<Record<string, unknown>>;
  /** Any of these is something that the engine still has to do. */
  readonly delete?: boolean;
  readonly external?: boolean;
  readonly taint?: boolean;
  readonly pendingReplacement?: boolean;
  readonly initErrors?: readonly string[];
}

interface Checkpoint {
  readonly checkpoint: {
    readonly latest?: {
      readonly resources?: readonly Recorded[];
      readonly pending_operations?: readonly unknown[];
    };
  };
}

const advisedToo = " advised";

/** What marks a secret or another value that isn't what it stands for. */
const wrapped = "4dabf18193072939515e22adb298388d";

/**
 * What the engine would report of an `up` that finds nothing to do, where that can be told without starting it: all that
 * decides an `up` is as the last one found it, the state is as that one left it, and each resource's own `check` and `diff`,
 * which the engine would ask, have nothing against it. Whatever else is the case, or can't be told, is answered by null:
 * then the engine has to be run.
 *
 * @param candidate the pin as it was judged a moment ago; null without one
 * @param deciding what decides this `up` (`decidingDigest`)
 */
export async function unchangedReport(
  settings: Settings,
  candidate: FetchedCandidate | null,
  deciding: string,
): Promise<EngineReport | null> {
  try {
    const left = leftOf(settings);
    const state = stateDigest(settings);
    if (candidate?.problem || left === "" || state === null) return null;
    if (joined(deciding, state) !== left.replace(advisedToo, "")) return null;
    const recorded = readState(settings);
    if (recorded === null || !holdsAllKept(settings, recorded)) return null;
    if (!(await isInOrder(settings, recorded, candidate))) return null;
    // Nobody has begun anything meanwhile.
    if (stateDigest(settings) !== state) return null;
    if (leftOf(settings) !== left) return null;
    const stack = recorded.find(({ type }) => type === "pulumi:pulumi:Stack");
    return {
      ...emptyReport(),
      changes: { same: recorded.length },
      succeeded: true,
      outputs: { ...stack?.outputs },
    };
  } catch {
    // What can't be looked at is for the engine to look at, and to put right or to tell.
    return null;
  }
}

/**
 * May `unchangedReport` have an answer for a preview as well? Looks at files alone, so that the engine, where it is needed, is
 * kept waiting by nothing that takes long. A preview shows what guardrails advise, which only the pack knows.
 */
export function mayPreviewUnchanged(settings: Settings, deciding: string): boolean {
  const state = stateDigest(settings);
  return state !== null && leftOf(settings) === joined(deciding, state);
}

/** What the last `up` left; of one whose guardrails advised something, with `advised` behind its digest. */
function leftOf({ stateDir }: Settings): string {
  return digestLeft(stateDir, "engine/unchanged");
}

/**
 * Records that an `up` has ended well.
 *
 * @param deciding what decided it, as it was before the engine started
 * @param advised did guardrails have advice?
 */
export function recordUnchanged(settings: Settings, deciding: string, advised: boolean): void {
  const state = stateDigest(settings);
  if (state === null) return;
  const left = joined(deciding, state) + (advised ? advisedToo : "");
  recordLeft(settings.stateDir, "engine/unchanged", left);
}

/** To be called before the engine changes anything. */
export function forgetUnchanged({ stateDir }: Settings): void {
  forgetLeft(stateDir, "engine/unchanged");
}

function joined(deciding: string, state: string): string {
  return sha256(`${deciding} ${state}`);
}

/** The resources of a state in which nothing is left to do; null for another one. */
function readState({ projectDir, stack }: Settings): readonly Recorded[] | null {
  const files = stackFiles(projectDir, stack, process.env);
  const text = files === null ? "" : readFileSync(files.state, "utf8");
  if (text.includes(wrapped)) return null;
  const { resources = [], pending_operations = [] } =
    (JSON.parse(text) as Checkpoint).checkpoint.latest ?? {};
  const isOpen = (each: Recorded) =>
    each.delete ||
    each.external ||
    each.taint ||
    each.pendingReplacement ||
    (each.initErrors ?? []).length > 0;
  return pending_operations.length > 0 || resources.some(isOpen) ? null : resources;
}

/** Does a resource stand for every process of the stack? After an `up` the others are ended. */
function holdsAllKept({ stateDir }: Settings, recorded: readonly Recorded[]): boolean {
  const known = new Set(recorded.map(({ inputs }) => inputs?.["name"]));
  return [...keptNames(stateDir), ...lockedNames(stateDir)].every((name) => known.has(name));
}

/** Have the resources' own check and diff nothing to do? They look at what lives. */
async function isInOrder(
  settings: Settings,
  recorded: readonly Recorded[],
  candidate: FetchedCandidate | null,
): Promise<boolean> {
  const own = recorded.filter(({ custom, type }) => custom && !type.startsWith("pulumi:"));
  const pins = own.filter(({ type }) => type === tokens.Admission).length;
  if (pins !== (candidate ? 1 : 0)) return false;
  const [{ TollgateProvider: Provider }, { resourceTypes }, { version }] = await Promise.all([
    import("../../provider/dispatch"),
    import("../../provider/types"),
    import("../../package.json"),
  ]);
  const provider = new Provider(version, resourceTypes);
  const declared = candidate && (await declaredOf(settings, candidate));
  const found = await Promise.all(own.map((each) => hasNothingToDo(provider, each, declared)));
  return found.every(Boolean);
}

async function declaredOf(
  { gates, stateDir }: Settings,
  candidate: FetchedCandidate,
): Promise<AdmissionInputs> {
  const { admissionInputs } = await import("../../admission/candidate");
  return asSent(admissionInputs({ candidate, gates, stateDir, cluster: null }));
}

async function hasNothingToDo(
  provider: TollgateProvider,
  { urn, type, id = "", inputs = {}, outputs = {} }: Recorded,
  admission: AdmissionInputs | null,
): Promise<boolean> {
  const checked = await provider.check(urn, inputs, wantedOf(type, inputs, admission));
  if ((checked.failures ?? []).length > 0) return false;
  const { changes, replaces } = await provider.diff(id, urn, outputs, asSent(checked.inputs));
  return changes === false && (replaces ?? []).length === 0;
}

/** What the program would declare: as before, but for what is told of the pin. */
function wantedOf(
  type: string,
  inputs: Readonly<Record<string, unknown>>,
  admission: AdmissionInputs | null,
): object {
  if (admission === null) return inputs;
  if (type === tokens.Admission) return admission;
  if (type !== tokens.Receipt) return inputs;
  return { ...inputs, pin: admission.pin, admission } satisfies Partial<ReceiptInputs>;
}

/** As values come out of the engine: fields that are undefined are left out. */
function asSent<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}
