import list from "../serving/tollgate_serving/safe_names.json";

/** What a file does with the names it loads, by name: `call(text)`, `new()`, `value`, as the scan words them. */
export type Uses = Readonly<Record<string, readonly string[]>>;

/**
 * Names that models may load, each with the uses it may have: what pickles, joblib and skops write for the estimators,
 * arrays and tables of the pinned packages, read by the scan itself (`npm run safe-names`).
 *
 * Each name is exact: nothing that lies below it is allowed with it, and a use that isn't listed isn't allowed either.
 * So a class may be made, but not be called with arguments of another kind, and a function may be handed on only where
 * a model does that.
 */
export const safeNames: ReadonlyMap<string, ReadonlySet<string>> = byName(
  list.groups.map(({ names }) => names as unknown as Uses),
);

/** Calls whatever it holds: allowed only where the scan told each of its uses, with the function in it. */
const onlyByUse: ReadonlySet<string> = new Set(["functools.partial"]);

/** What neither the list nor the settings allow: a name, or a use of a name that may be used otherwise. */
export interface Foreign {
  readonly name: string;
  /** As the scan words it; null where the name itself isn't on the list. */
  readonly use: string | null;
}

/** Names and uses of a file that neither the list nor the settings allow, in the order of their words. */
export function foreignIn(
  { loads, uses }: { readonly loads: readonly string[]; readonly uses?: Uses | undefined },
  allow: ReadonlySet<string>,
  standard: ReadonlyMap<string, ReadonlySet<string>>,
): Foreign[] {
  const names = [...loads, ...Object.keys(uses ?? {})];
  const told = (name: string) => !onlyByUse.has(name) || (uses?.[name] ?? []).length > 0;
  const known = (name: string) => allow.has(name) || (standard.has(name) && told(name));
  const unknown = new Set(names.filter((name) => !known(name)));
  const others = Object.entries(uses ?? {}).flatMap(([name, each]) =>
    allow.has(name) || unknown.has(name)
      ? []
      : each.filter((use) => !standard.get(name)!.has(use)).map((use) => ({ name, use })),
  );
  return [...[...unknown].map((name) => ({ name, use: null })), ...others].sort((a, b) =>
    inWords(a) < inWords(b) ? -1 : 1,
  );
}

/** `numpy.dtype`, or `numpy.dtype as call(os.system)`. */
export function inWords({ name, use }: Foreign): string {
  return use === null ? name : `${name} as ${use}`;
}

function byName(groups: readonly Uses[]): Map<string, ReadonlySet<string>> {
  const names = new Map<string, Set<string>>();
  for (const [name, uses] of groups.flatMap((group) => Object.entries(group))) {
    names.set(name, new Set([...(names.get(name) ?? []), ...uses]));
  }
  return names;
}
