import { type GuardedResource, read, shown, unknown } from "../guardrail";
import { isLoopback } from "./networks";
import { tokens } from "../../resource-tokens";

/**
 * Addresses that mean every network there is, in a word of a command: `0.0.0.0`, `::`, `*:80` and `:80`, also after
 * `--bind=` or `tcp://`.
 */
const everywhere = [
  /(?<![\d.])0+\.0+\.0+\.0+(?![\d.])/,
  /(?<=^|[=/,\s])\[?(::(ffff:)?0*|0+(:0+){7})\]?(?=:\d|$|[,\s])/i,
  /(?<=^|[=/,\s])\*:\d+/,
  /(?<=^|[=/\s]):\d+(?=$|[\s])/,
];

/** Options that take an address to listen on, as most servers call them. */
const listening = /^--?(host|bind|bind[-_]address|listen|listen[-_]address(es)?|http[-_]host|ip)$/;

/**
 * How a process of Tollgate's can be reached from elsewhere, by its host and by what its command is told. Words that
 * aren't known at preview, such as the address of another process, are judged in the update, before it is started.
 */
export function openingsOfProcess({ type, props }: GuardedResource): string[] {
  if (type !== tokens.Process) return [];
  const host = read(props, "host");
  if (!isLoopback(host)) return [`listens on ${shown(host)}`];
  const command = wordsOf(read(props, "command"));
  const told = [
    ...options(command),
    ...[...command, ...wordsOf(read(props, "environment"))].flatMap(anyNetwork),
  ];
  return told.slice(0, 1).map((address) => `is told to listen on ${shown(address)}`);
}

function wordsOf(value: unknown): readonly unknown[] {
  return typeof value === "object" && value !== null ? Object.values(value) : [];
}

/** The part of a word that means every network, so that nothing else of it is told. */
function anyNetwork(word: unknown): string[] {
  return typeof word === "string" ? everywhere.flatMap((form) => form.exec(word)?.[0] ?? []) : [];
}

/** What options that name an address are given, where that isn't loopback, a socket's path or filled in at the start. */
function options(command: readonly unknown[]): unknown[] {
  return command.flatMap((word, index) => {
    if (typeof word !== "string") return [];
    const [, option, joined] = /^([^=]+)(?:=(.*))?$/.exec(word) ?? [];
    if (option === undefined || !listening.test(option)) return [];
    const address = joined ?? command[index + 1];
    return address === unknown || isLocal(address) ? [] : [address];
  });
}

function isLocal(address: unknown): boolean {
  if (typeof address !== "string") return false;
  const host = address.replace(/:(\d+|\{port(:[^}]*)?\})$/, "");
  return isLoopback(host) || isLoopback(address) || /^(unix:|\/)/.test(address);
}
