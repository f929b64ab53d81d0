import { duration } from "../terminal/output";
import type { Operation, Step } from "./events";

const done: Record<Operation, string> = {
  create: "created",
  update: "updated",
  replace: "replaced",
  delete: "removed",
  refresh: "read",
  same: "unchanged",
};

const planned: Record<Operation, string> = {
  create: "create",
  update: "update",
  replace: "replace",
  delete: "remove",
  refresh: "read",
  same: "keep",
};

export const symbols: Record<Operation, string> = {
  create: "+",
  update: "~",
  replace: "±",
  delete: "-",
  refresh: " ",
  same: " ",
};

/** Is this a resource a user cares about, rather than a grouping or the engine's own bookkeeping? */
export function isShown(step: Step): boolean {
  return (
    step.operation !== "same" &&
    step.operation !== "refresh" &&
    !/^(pulumi|tollgate:component):/.test(step.type)
  );
}

/** `tollgate:index:ReleaseCheck` as people say it: `release check`. */
export function kindOf(type: string): string {
  const last = type.slice(type.lastIndexOf(":") + 1);
  return last.replace(/([a-z0-9])([A-Z])/g, "$1 $2").toLowerCase();
}

/** What would happen, as one line. */
export function plannedLine(step: Step): string {
  const properties = step.operation === "update" && step.properties.length > 0;
  const what = properties ? ` (${step.properties.join(", ")})` : "";
  return `${symbols[step.operation]} ${planned[step.operation].padEnd(8)} ${kindOf(step.type)} ${step.name}${what}`;
}

/** What has happened, as one line; null for what is only under way. */
export function doneLine(step: Step, milliseconds: number): string | null {
  if (step.state === "failed") return `x failed   ${kindOf(step.type)} ${step.name}`;
  // The engine replaces in three steps; who watches wants to know when the new one is there.
  if (step.state !== "done" || step.aside) return null;
  const took = milliseconds >= 1000 ? `  ${duration(milliseconds)}` : "";
  return `${symbols[step.operation]} ${done[step.operation].padEnd(8)} ${kindOf(step.type)} ${step.name}${took}`;
}

/** Counts in words: `2 created, 1 updated, 14 unchanged`. */
export function countLine(steps: Iterable<Step>, words: "done" | "planned"): string {
  const counts = new Map<Operation, number>();
  for (const step of steps) {
    if (isShown(step)) counts.set(step.operation, (counts.get(step.operation) ?? 0) + 1);
  }
  if (counts.size === 0) return "no changes";
  const word = (operation: Operation) =>
    words === "done" ? done[operation] : `to ${planned[operation]}`;
  return [...counts].map(([operation, count]) => `${count} ${word(operation)}`).join(", ");
}
