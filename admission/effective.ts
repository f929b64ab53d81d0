import path from "node:path";
import { shortDigest } from "../policies/finding";
import type { GateConfigurations, SettingDifference } from "../policies/gate";
import { runtimeApart, type Settings } from "../config/settings";
import { canonicalJson, sha256 } from "../strict/canonical";
import type { Trust } from "../trust/types";

/** Tollgate's own folder: its paths are called `tollgate:` here, as it lies elsewhere on another machine. */
const root = path.resolve(__dirname, "..");

/**
 * Everything that decides what the gates say of a version and that isn't the version, its evidence or an approval: one
 * plain document. Values that are null are left out, as the engine leaves them out.
 */
export interface EffectiveSettings {
  /** Digest of the gates. */
  readonly pack: string;
  /** sha256 of `Pulumi.yaml`, which names program, provider and state; null when there is none. */
  readonly project: string | null;
  /** A stack's settings with every default filled in, as `settingsDocument` has them. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Lines of the allowed-signers file, each by a name for it and its sha256. */
  readonly signers: Readonly<Record<string, string>>;
  readonly revokedKeys: Readonly<Record<string, string>>;
  /** Waivers of the version that is judged, the same way. */
  readonly waivers: Readonly<Record<string, string>>;
}

/** What the effective settings are made of. */
export interface EffectiveParts {
  readonly pack: string;
  /** Text of `Pulumi.yaml`. */
  readonly project: string | null;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly trust: Trust;
  readonly waivers: readonly string[];
}

export function effectiveSettings(parts: EffectiveParts): EffectiveSettings {
  const { pack, project, settings, trust, waivers } = parts;
  return {
    pack,
    // A checkout may have other ends of lines.
    project: project === null ? null : sha256(project.replace(/\r\n/g, "\n")),
    settings: plainly(settings) as Record<string, unknown>,
    signers: byLine(trust.signers),
    revokedKeys: byLine(trust.revoked),
    waivers: byLine(waivers.join("\n")),
  };
}

/**
 * A stack's settings as they are compared: all of them, so that none that decides can be forgotten, but what moves with
 * each promotion (the pin, and the image that holds its bytes), where the project lies, and how this machine reaches a
 * cluster.
 */
export function settingsDocument(settings: Settings): Record<string, unknown> {
  const [common, ofRuntime] = runtimeApart(settings);
  const { pin, projectDir, stateDir, gates, ...others } = common;
  const document = { ...others, gates: gatesDocument(gates), ...ofRuntime };
  return withoutPlaces(plainly(document), projectDir) as Record<string, unknown>;
}

/** Level and settings of each gate side by side, as a stack's file has them. */
export function gatesDocument(gates: GateConfigurations): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(gates).map(([name, { level, settings }]) => [
      name,
      { ...(settings as object), level },
    ]),
  );
}

/** The effective settings digest: sha256 of the document as canonical JSON. */
export function effectiveDigest(effective: EffectiveSettings): string {
  return sha256(canonicalJson(plainly(effective)));
}

/** Every field in which two documents differ, by name; none when their digests are equal. */
export function differencesOf(
  effective: EffectiveSettings,
  reviewed: EffectiveSettings,
): Omit<SettingDifference, "by">[] {
  const [ours, theirs] = [fieldsOf(effective), fieldsOf(reviewed)];
  return [...new Set([...ours.keys(), ...theirs.keys()])]
    .sort()
    .filter((field) => ours.get(field) !== theirs.get(field))
    .map((field) => ({
      field: shown(field),
      value: shownOrNull(ours.get(field)),
      reviewed: shownOrNull(theirs.get(field)),
    }));
}

function shownOrNull(value: string | undefined): string | null {
  return value === undefined ? null : shown(value);
}

/** Anybody's text in one short line, without the user and password that an address may carry. */
export function shown(text: string): string {
  const safe = text.replace(/\/\/[^/@\s"]+@/g, "//***@").replace(/[\p{Cc}\p{Cf}]/gu, "");
  return safe.length > 120 ? `${safe.slice(0, 117)}...` : safe;
}

/** Fields by the name that a user finds them under, with their values as JSON. */
export function fieldsOf(effective: EffectiveSettings): Map<string, string> {
  const { pack, project, settings, signers, revokedKeys, waivers } = effective;
  return new Map([
    ["pack", JSON.stringify(pack)],
    ...(project === null ? [] : ([["Pulumi.yaml", JSON.stringify(project)]] as const)),
    ...Object.entries(settings).flatMap(([key, value]) => leaves(value, `tollgate:${key}`)),
    ...Object.entries({ signers, revokedKeys, waivers }).flatMap(([file, lines]) =>
      Object.entries(lines).map(([line, value]) => [`${file} ${line}`, value] as const),
    ),
  ]);
}

function leaves(value: unknown, at: string): (readonly [string, string])[] {
  if (!isGroup(value)) return [[at, JSON.stringify(value)]];
  return Object.entries(value).flatMap(([key, each]) => leaves(each, `${at}.${key}`));
}

/** Each line that says something, by who it names and the beginning of its sha256. */
function byLine(text: string): Record<string, string> {
  const lines = text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
  return Object.fromEntries(
    lines.map((line) => {
      const digest = sha256(line);
      const [word = ""] = line.split(/\s/, 1);
      const name = /^(?!ssh-)[\w.@,+-]{1,80}$/.test(word) ? `${word} ` : "";
      return [`${name}${shortDigest(digest)}`, digest];
    }),
  );
}

/** Paths as they are on every machine. */
function withoutPlaces(value: unknown, projectDir: string): unknown {
  if (typeof value === "string") {
    for (const [folder, name] of [
      [projectDir, "."],
      [root, "tollgate:"],
    ] as const) {
      if (value.startsWith(folder + path.sep)) {
        return `${name}/${path.relative(folder, value).split(path.sep).join("/")}`;
      }
    }
    return value;
  }
  if (Array.isArray(value)) return value.map((each) => withoutPlaces(each, projectDir));
  if (!isGroup(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [key, withoutPlaces(each, projectDir)]),
  );
}

/** Without nulls and what is undefined, at every depth. */
function plainly(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plainly);
  if (!isGroup(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, each]) => each !== null && each !== undefined)
      .map(([key, each]) => [key, plainly(each)]),
  );
}

function isGroup(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
