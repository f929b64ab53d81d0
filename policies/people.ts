import { type Signer } from "../trust/types";
import { signersIn } from "../trust/verify";

/** A name as compared: lower case, and of `Name <address>` only the address. */
export function nameOf(person: string): string {
  const address = /<([^<>]+)>\s*$/.exec(person)?.[1] ?? person;
  return address.trim().toLowerCase();
}

/** Who is who, by the names that keys are listed under. */
export interface People {
  /** One name that stands for the person, the same for all of the person's names; null for nobody. */
  person(name: string): string | null;
}

/**
 * People of an allowed-signers file. Two names are one person when a key has both, and so are two keys with a common
 * name, however long the chain: else one person could be counted twice by a second address or a second key.
 *
 * @throws SignersError for a file that can't be read
 */
export function peopleIn(signers: string): People {
  const leader = new Map<string, string>();
  const person = (name: string): string => {
    let at = name;
    while (leader.get(at) !== at) at = leader.get(at)!;
    return at;
  };
  for (const { principals } of signersIn(signers)) {
    const names = principals.map(nameOf);
    for (const name of names) if (!leader.has(name)) leader.set(name, name);
    const [first, ...others] = names.map(person).sort();
    for (const other of others) leader.set(other, first!);
  }
  return {
    person: (name) => (leader.has(nameOf(name)) ? person(nameOf(name)) : null),
  };
}

/** The person whose key signed: every key of the file has a name. */
export function personOf(people: People, { principals }: Signer): string {
  return people.person(principals[0]!)!;
}
