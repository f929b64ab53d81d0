import type { ReleaseAnswers } from "../inputs";
import type { KeptRows } from "./kept-rows";

/**
 * The rows whose answers a release wants again, fetched from the registry; null where the admitted evidence names none.
 *
 * @throws Error one clause: they can't be had, or aren't what the evidence names
 */
export async function keptRowsOf(
  answers: ReleaseAnswers | null | undefined,
  pinned: { readonly version: string; readonly digest: string },
): Promise<KeptRows | null> {
  if (!answers) return null;
  const [{ openRegistry }, { fetchKeptAnswers }, { KeptRows }] = await Promise.all([
    import("./registry"),
    import("../../registry/kept-answers"),
    import("./kept-rows"),
  ]);
  const { registry, model, digest, rows, task, alone } = answers;
  const pin = { name: model, version: pinned.version, digest: pinned.digest };
  const client = await openRegistry(registry);
  return new KeptRows(await fetchKeptAnswers(client, pin, { digest, rows }), task, alone);
}
