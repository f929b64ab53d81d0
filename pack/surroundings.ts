import fs from "node:fs";
import path from "node:path";
import { tiers } from "../config/tiers";
import { type GuardedResource, isGroup, type Surroundings } from "../policies/guardrails/guardrail";
import { stackFile, stackNames } from "../project/stack-files";

/** Where nothing can be told, the rules of production hold and nothing is declared. */
const nowhere: Surroundings = { production: true, exposed: [], places: {}, neighbours: [] };

/** A stack of a project folder. */
export interface Place {
  readonly projectDir: string;
  readonly stack: string;
}

/**
 * The project folder of these resources; null where it can't be told. The engine tells a policy neither the folder nor
 * the settings. The folder is where every resource of Tollgate's keeps its state, `<project>/.tollgate/<stack>`; it
 * can't be told when they name several, or the state of another stack than the one they are in.
 */
export function placeOf(
  resources: readonly Pick<GuardedResource, "type" | "urn" | "props">[],
): Place | null {
  const places = new Set<string>();
  for (const { type, urn, props } of resources) {
    const stateDir = type.startsWith("tollgate:") ? props["stateDir"] : undefined;
    if (typeof stateDir !== "string") continue;
    const [, stack] = /^urn:pulumi:([^:]+)::/.exec(urn) ?? [];
    if (stack !== path.basename(stateDir)) return null;
    places.add(path.resolve(stateDir));
  }
  const [stateDir, ...others] = places;
  if (stateDir === undefined || others.length > 0) return null;
  return { projectDir: path.resolve(stateDir, "..", ".."), stack: path.basename(stateDir) };
}

/** The settings around a stack's resources. Where its own file can't be read, they are those of `nowhere`. */
export async function surroundingsOf(place: Place | null): Promise<Surroundings> {
  if (place === null) return nowhere;
  const { projectDir, stack } = place;
  const config = await readConfig(projectDir, stack);
  if (!config) return nowhere;
  const others = stackNames(projectDir).filter((name) => name !== stack);
  const neighbours = others.map(async (name) => {
    const theirs = await readConfig(projectDir, name);
    return { stack: name, places: theirs && placesIn(theirs) };
  });
  return {
    production: isProduction(config["tollgate:tier"]),
    exposed: namesIn(config["tollgate:exposed"]),
    places: placesIn(config),
    neighbours: await Promise.all(neighbours),
  };
}

async function readConfig(
  projectDir: string,
  stack: string,
): Promise<Record<string, unknown> | null> {
  const { parse } = await import("yaml");
  try {
    const text = fs.readFileSync(stackFile(projectDir, stack), "utf8");
    const document = parse(text, { merge: true }) as { config?: unknown } | null;
    const config = document?.config ?? {};
    return isGroup(config) ? config : null;
  } catch {
    return null;
  }
}

/** A tier that there isn't is taken for production. */
function isProduction(tier: unknown): boolean {
  const known = Object.entries(tiers).find(([name]) => name === tier);
  return !known || known[1].stage === "Production";
}

function namesIn(value: unknown): string[] {
  const list: unknown = typeof value === "string" ? parsed(value) : value;
  return Array.isArray(list) ? list.filter((name) => typeof name === "string") : [];
}

/** Settings that say where data or a secret is: of Tollgate, and of a program's own by their name. */
const placeSettings = [
  /^tollgate:trackingServer\.uri$/,
  /(^|[.:_-])(bucket|database|db|secret)[_-]?(name|id|identifier|uri|url|host|arn)?$/i,
];

/** By setting, such as `tollgate:artifactStore.bucket`. An encrypted value is a secret of its own and says nothing. */
function placesIn(config: Readonly<Record<string, unknown>>): Record<string, string> {
  const places: Record<string, string> = {};
  const collect = (value: unknown, setting: string): void => {
    const held = typeof value === "string" && value.startsWith("{") ? parsed(value) : value;
    if (isGroup(held)) {
      for (const [key, each] of Object.entries(held)) collect(each, `${setting}.${key}`);
    } else if (typeof held === "string" && held !== "") {
      // A name such as `bucketName` is one word to read and two to match.
      const spelled = setting.replace(/([a-z])([A-Z])/g, "$1_$2");
      const names = placeSettings.some((form) => form.test(setting) || form.test(spelled));
      if (names) places[setting] = held;
    }
  };
  for (const [key, value] of Object.entries(config)) collect(value, key);
  return places;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
