import type { Evidence } from "../registry/evidence";

type Signature = NonNullable<Evidence["signature"]>;
type Column = Signature["inputs"][number];

/** One difference between two signatures, as a clause such as `input region (string) is removed`. */
export interface ContractChange {
  readonly text: string;
  /** Does it break a caller of the earlier signature? */
  readonly breaks: boolean;
}

/**
 * Types whose every value a wider type takes as well, as the scorer converts JSON, which has one kind of number. A text
 * is never taken for another type.
 */
const wider: Readonly<Record<string, readonly string[]>> = {
  integer: ["long", "double"],
  long: ["double"],
  float: ["double"],
};

/** What changed from one signature to the next, for callers: inputs in the earlier order, then new ones, then outputs. */
export function changesOf(before: Signature, now: Signature): ContractChange[] {
  const inputs = new Map(now.inputs.map((column) => [column.name, column]));
  const known = new Set(before.inputs.map(({ name }) => name));
  return [
    ...before.inputs.flatMap((column) => inputChanges(column, inputs.get(column.name))),
    ...now.inputs.filter(({ name }) => !known.has(name)).map(newInput),
    ...orderChanges(before.inputs, now.inputs),
    ...outputChanges(before.outputs, now.outputs),
  ];
}

function inputChanges(before: Column, now: Column | undefined): ContractChange[] {
  const { name } = before;
  if (!now) return [{ text: `input ${described(before)} is removed`, breaks: true }];
  const changes: ContractChange[] = [];
  if (before.type !== now.type) {
    const from = `from ${before.type} to ${now.type}`;
    const widened = takes(now.type, before.type);
    const narrowed = takes(before.type, now.type);
    const how = widened ? "widened" : narrowed ? "narrowed" : "changed";
    changes.push({ text: `input ${name} is ${how} ${from}`, breaks: !widened });
  }
  if (before.required !== now.required) {
    const optional = isOptional(now);
    const text = `input ${name} is now ${optional ? "optional" : "required"}`;
    changes.push({ text, breaks: !optional });
  }
  return changes;
}

function takes(type: string, other: string): boolean {
  return Object.hasOwn(wider, other) && wider[other]!.includes(type);
}

function newInput(column: Column): ContractChange {
  const optional = isOptional(column);
  const text = `input ${described(column)} is new and ${optional ? "optional" : "required"}`;
  return { text, breaks: !optional };
}

/** Anything but a clear `false` is required: what can't be told breaks. */
function isOptional({ required }: Column): boolean {
  return required === false;
}

/** A row may be sent as a list, by position: with other positions its values would be taken for one another. */
function orderChanges(before: readonly Column[], now: readonly Column[]): ContractChange[] {
  const names = (columns: readonly Column[], others: readonly Column[]) =>
    columns.map(({ name }) => name).filter((name) => others.some((other) => other.name === name));
  const [earlier, later] = [names(before, now), names(now, before)];
  if (earlier.join("\0") === later.join("\0")) return [];
  const text = `inputs are reordered from ${earlier.join(", ")} to ${later.join(", ")}`;
  return [{ text, breaks: true }];
}

function outputChanges(before: readonly Column[], now: readonly Column[]): ContractChange[] {
  const [from, to] = [before, now].map((columns) => columns.map(described).join(", "));
  return from === to ? [] : [{ text: `output is changed from ${from} to ${to}`, breaks: true }];
}

function described(column: Column): string {
  const { name, type } = column;
  return isOptional(column) ? `${name} (${type}, optional)` : `${name} (${type})`;
}
