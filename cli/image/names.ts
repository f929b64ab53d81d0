import { usageError } from "../errors";

/** What an image is called: `registry.example/team/tollgate`, and the tag where one was asked for. */
export interface ImageName {
  /** With its registry, without a tag. */
  readonly repository: string;
  /** Null where none was given. */
  readonly tag: string | null;
}

const part = "[a-z0-9]+(?:(?:\\.|_{1,2}|-+)[a-z0-9]+)*";
const host =
  "(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\\.[A-Za-z0-9-]+)*|\\[[0-9a-fA-F:]+\\])";
const tagForm = "[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}";
const nameForm = new RegExp(`^((?:${host}(?::[0-9]+)?/)?${part}(?:/${part})*)(?::(${tagForm}))?$`);

/**
 * Reads a name as Docker writes it.
 *
 * @param option where it was given, for the message
 * @throws CliError with exit code 64 for anything else, a digest too: an image gets its digest when it is pushed
 */
export function parseName(given: string, option: string): ImageName {
  const found = nameForm.exec(given);
  if (found) return { repository: found[1]!, tag: found[2] ?? null };
  throw usageError(
    `${option} is "${given}": give a name with an optional tag, in lower-case letters and without a digest, such as registry.example/tollgate or registry.example/tollgate:1.4.0-20261130.`,
  );
}

/** Does a name say its registry? Docker takes any other for one of Docker Hub's, `tollgate` for one of its own library. */
export function hasRegistry(repository: string): boolean {
  const [first = "", ...more] = repository.split("/");
  return more.length > 0 && (/[.:]/.test(first) || first === "localhost");
}

/** A name that anything can be called in a repository: other characters become `-`. */
export function repositoryNameOf(text: string): string {
  const name = text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");
  return name || "model";
}

/** `<version>-<date>` with the day in UTC, such as `1.4.0-20261130`: what a rollback looks for. */
export function defaultTag(version: string, now: Date): string {
  return `${version}-${now.toISOString().slice(0, 10).replaceAll("-", "")}`;
}

/** The first of `tag`, `tag.2`, `tag.3` and so on that is free, or is this very image's already. */
export async function freeTag(
  tag: string,
  id: string,
  idOf: (tag: string) => Promise<string | null>,
): Promise<string> {
  for (let number = 1; ; number += 1) {
    const candidate = number === 1 ? tag : `${tag}.${number}`;
    const there = await idOf(candidate);
    if (there === null || there === id) return candidate;
  }
}
