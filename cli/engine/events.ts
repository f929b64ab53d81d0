import { isDeepStrictEqual } from "node:util";

/**
 * The engine's event log, one JSON object a line, read into what a user wants to know. Pure: the same lines always
 * give the same report. Only the fields used here are described; the engine adds others over time.
 */

/** A kind of change the engine makes to a resource. */
export type Operation = "create" | "update" | "replace" | "delete" | "refresh" | "same";

/** One resource that changes, or would. */
export interface Step {
  urn: string;
  /** Type token, such as `tollgate:index:Process`. */
  type: string;
  /** Its name in the program. */
  name: string;
  operation: Operation;
  /** Properties that differ, by path. */
  properties: string[];
  state: "planned" | "started" | "done" | "failed";
  /** Is it part of a replacement, beside the creation of what replaces? */
  aside: boolean;
  /** Seconds since the epoch, as the engine stamps them. */
  startedAt: number;
  /** Null until it has ended. */
  endedAt: number | null;
  /** Inputs recorded before and wanted now; null where there is no such side. */
  before: Record<string, unknown> | null;
  after: Record<string, unknown> | null;
  /** Outputs that differ, with both values: what a refresh found. */
  found: { property: string; from: unknown; to: unknown }[];
}

/** Something the engine, the program or the provider said. */
export interface Diagnostic {
  severity: "info" | "warning" | "error";
  /** Name of the resource it is about, or null. */
  resource: string | null;
  message: string;
}

/** A policy that was violated. */
export interface Violation {
  policy: string;
  level: string;
  message: string;
}

/** Everything the events of one engine run say. */
export interface EngineReport {
  /** By URN, in the order in which the engine took them up. */
  steps: Map<string, Step>;
  diagnostics: Diagnostic[];
  violations: Violation[];
  /** Number of resources by operation; null when the engine ended before it could sum up. */
  changes: Record<string, number> | null;
  /** Did the engine say that it was done with it? */
  succeeded: boolean;
  /** Outputs of the program. */
  outputs: Record<string, unknown>;
}

interface StepMetadata {
  op: string;
  urn: string;
  type: string;
  old?: ResourceState | null;
  new?: ResourceState | null;
  diffs?: string[] | null;
  detailedDiff?: Record<string, unknown> | null;
}

interface ResourceState {
  inputs?: Record<string, unknown>;
  outputs?: Record<string, unknown>;
}

interface StepEvent {
  metadata: StepMetadata;
  planning?: boolean;
}

/** One line of the log, as far as it is used here. */
export interface EngineEvent {
  timestamp: number;
  resourcePreEvent?: StepEvent;
  resOutputsEvent?: StepEvent;
  resOpFailedEvent?: StepEvent;
  diagnosticEvent?: { urn?: string; severity: string; message: string };
  policyEvent?: { policyName: string; enforcementLevel: string; message: string };
  summaryEvent?: { resourceChanges?: Record<string, number>; result?: string };
}

export function emptyReport(): EngineReport {
  return {
    steps: new Map(),
    diagnostics: [],
    violations: [],
    changes: null,
    succeeded: false,
    outputs: {},
  };
}

/** One line of the log; null for a line that is no event, such as one cut off by a kill. */
export function parseEvent(line: string): EngineEvent | null {
  try {
    const event: unknown = JSON.parse(line);
    return typeof event === "object" && event !== null ? (event as EngineEvent) : null;
  } catch {
    return null;
  }
}

/** Takes one event into the report. Returns the step it was about, if it was about one. */
export function take(report: EngineReport, event: EngineEvent): Step | null {
  const { resourcePreEvent, resOutputsEvent, resOpFailedEvent } = event;
  if (resourcePreEvent) return stepped(report, resourcePreEvent, event.timestamp, "started");
  if (resOutputsEvent) return stepped(report, resOutputsEvent, event.timestamp, "done");
  if (resOpFailedEvent) return stepped(report, resOpFailedEvent, event.timestamp, "failed");
  if (event.diagnosticEvent) diagnosed(report, event.diagnosticEvent);
  if (event.policyEvent) {
    const { policyName, enforcementLevel, message } = event.policyEvent;
    report.violations.push({
      policy: policyName,
      level: enforcementLevel,
      message: message.trim(),
    });
  }
  if (event.summaryEvent) {
    report.changes = event.summaryEvent.resourceChanges ?? {};
    report.succeeded = event.summaryEvent.result === "succeeded";
  }
  return null;
}

/** What is after the last `::` of a URN. */
export function nameOf(urn: string): string {
  return urn.slice(urn.lastIndexOf("::") + 2);
}

function stepped(
  report: EngineReport,
  { metadata, planning }: StepEvent,
  at: number,
  state: "started" | "done" | "failed",
): Step {
  const known = report.steps.get(metadata.urn);
  const operation = merge(known?.operation, operationOf(metadata.op));
  if (metadata.type === "pulumi:pulumi:Stack" && state === "done") {
    report.outputs = metadata.new?.outputs ?? report.outputs;
  }
  const step: Step = {
    urn: metadata.urn,
    type: metadata.type,
    name: nameOf(metadata.urn),
    operation,
    properties: propertiesOf(metadata),
    state: planning ? "planned" : state,
    aside: ["replace", "delete-replaced", "discard-replaced"].includes(metadata.op),
    startedAt: known?.startedAt ?? at,
    endedAt: state === "started" ? null : at,
    before: known?.before ?? metadata.old?.inputs ?? null,
    after: metadata.new?.inputs ?? known?.after ?? null,
    found: differing(metadata.old?.outputs, metadata.new?.outputs).map((property) => ({
      property,
      from: metadata.old?.outputs?.[property],
      to: metadata.new?.outputs?.[property],
    })),
  };
  report.steps.set(metadata.urn, step);
  return step;
}

/** A replacement comes as several steps of one URN; to the user it is one. */
function merge(known: Operation | undefined, now: Operation): Operation {
  if (known === undefined || known === "same" || known === "refresh") return now;
  return known === now || now === "same" ? known : "replace";
}

function operationOf(op: string): Operation {
  if (op === "create" || op === "import") return "create";
  if (op === "update") return "update";
  if (op === "delete" || op === "discard" || op === "read-discard") return "delete";
  if (op === "refresh") return "refresh";
  return /replace/.test(op) ? "replace" : "same";
}

/** Top-level properties that differ: as the provider says, or else by comparing the inputs. */
function propertiesOf({ detailedDiff, diffs, old, new: wanted }: StepMetadata): string[] {
  const named = Object.keys(detailedDiff ?? {}).concat(diffs ?? []);
  if (named.length > 0) return [...new Set(named)].sort();
  return differing(old?.inputs, wanted?.inputs);
}

function differing(before?: Record<string, unknown>, after?: Record<string, unknown>): string[] {
  if (!before || !after) return [];
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return names.filter((name) => !isDeepStrictEqual(before[name], after[name]));
}

function diagnosed(
  report: EngineReport,
  { urn, severity, message }: NonNullable<EngineEvent["diagnosticEvent"]>,
): void {
  if (severity === "debug") return;
  const kind = severity === "error" || severity === "warning" ? severity : "info";
  report.diagnostics.push({ severity: kind, resource: urn ? nameOf(urn) : null, message });
}
