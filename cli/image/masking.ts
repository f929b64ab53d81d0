import { readFileSync } from "node:fs";

/** Name and password in front of a URL's host, whoever wrote it. */
const userinfo = /\/\/[^\s/@'"]+@/g;

/**
 * Takes out of what a build says what pip's settings keep secret. pip hides passwords in the addresses that it prints itself,
 * but not where it quotes a line of its settings that it can't read, nor a token in an address's path.
 *
 * @param pipConf file with pip's settings; undefined: none
 */
export function maskOf(pipConf: string | undefined): (said: string) => string {
  const secrets = pipConf === undefined ? [] : secretsIn(readFileSync(pipConf, "utf8"));
  return (said) => {
    const masked = secrets.reduce((text, secret) => text.replaceAll(secret, "****"), said);
    return masked.replace(userinfo, "//****@");
  };
}

/** What follows the host in each address, and its name and password as written and as decoded; the longest first. */
function secretsIn(settings: string): string[] {
  const found = [...settings.matchAll(/https?:\/\/(?:([^\s/@'"]+)@)?[^\s/'"]+(\/[^\s'"]*)?/g)];
  const parts = found.flatMap(([, user = "", path = ""]) => [
    ...[user, ...user.split(":").slice(1)].flatMap((part) => [part, decoded(part)]),
    // `/simple` alone is the usual end of an index's address.
    path.replace(/\/simple\/?$/, ""),
  ]);
  return [...new Set(parts)].filter((part) => part.length > 3).sort((a, b) => b.length - a.length);
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
