import type { SettingDifference } from "../policies/gate";
import type { Commit, GitObjects } from "../project/git-objects";
import { gitSays, type Repository } from "../project/git-run";
import { quoted } from "../registry/errors";
import { type EffectiveSettings, fieldsOf, shown } from "./effective";

/** How many commits beyond the reviewed branch are searched for who set a value. */
const searched = 30;

interface Place {
  readonly repository: Repository;
  readonly objects: GitObjects;
  /** Tip of the reviewed branch: what is on it isn't asked. */
  readonly tip: Commit;
  documentAt(commit: Commit): Promise<EffectiveSettings | null>;
}

/**
 * Who committed each differing value, an e-mail as the commit says it; null for what HEAD doesn't have, which nobody
 * committed. It is the author of the oldest commit beyond the reviewed branch from which on the value stands.
 */
export async function authorsOf(
  differences: readonly Omit<SettingDifference, "by">[],
  place: Place,
): Promise<(string | null)[]> {
  const by: (string | null)[] = differences.map(() => null);
  const open = new Set(differences.keys());
  for await (const { author, values } of commitsOf(place)) {
    for (const index of [...open]) {
      const { field, value } = differences[index]!;
      if ((values.get(field) ?? null) === value) by[index] = author;
      else open.delete(index);
    }
    if (open.size === 0) break;
  }
  return by;
}

/** Commits of HEAD beyond the reviewed branch, newest first, with the fields as a user is shown them. */
async function* commitsOf({ repository, objects, tip, documentAt }: Place) {
  const head = await objects.commit("HEAD");
  if (!head) return;
  const listed = await gitSays(
    repository,
    ...["rev-list", `--max-count=${searched}`, head.id, `^${tip.id}`],
    ...["--", repository.prefix || "."],
  );
  for (const id of (listed ?? "").split("\n").filter((line) => line !== "")) {
    const commit = await objects.commit(id);
    if (!commit) return;
    let document: EffectiveSettings | null = null;
    try {
      document = await documentAt(commit);
    } catch {
      // Settings that can't be read set no value.
    }
    const fields = document ? [...fieldsOf(document)] : [];
    const values = new Map(fields.map(([field, value]) => [shown(field), shown(value)]));
    yield { author: quoted(commit.author, 100) || null, values };
  }
}

/**
 * Who committed the last change of a file's lines that match a pattern, up to a commit: an e-mail; null in a shallow
 * clone, where git takes the oldest commit there is for the author of everything.
 */
export async function authorOfLine(
  repository: Repository,
  commit: string,
  file: string,
  pattern: string,
): Promise<string | null> {
  const shallow = await gitSays(repository, "rev-parse", "--is-shallow-repository");
  if (shallow !== "false") return null;
  const author = await gitSays(
    repository,
    ...["log", "-1", "--no-textconv", "--no-ext-diff", "--extended-regexp", "-G", pattern],
    ...["--format=%ae", commit, "--", file],
  );
  return quoted(author ?? "", 100) || null;
}
