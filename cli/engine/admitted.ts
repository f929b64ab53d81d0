import type { Settings } from "../../config/settings";
import type { AdmissionInputs } from "../../policies/admission-inputs";
import type { Context } from "../context";
import type { EngineReport } from "./events";
import { exportState } from "./run";
import { tokens } from "../../policies/resource-tokens";

/** The admission recorded in a stack's state: what was judged last, and under which gates. Null without one. */
export async function admittedPin(
  context: Context,
  settings: Settings,
): Promise<AdmissionInputs | null> {
  const state = await exportState(context, settings);
  const found = state?.deployment.resources?.find(({ type }) => type === tokens.Admission);
  return (found?.inputs as AdmissionInputs | undefined) ?? null;
}

/** The admission before and after a preview or an update, as far as the engine got to it. */
export function admissionIn(report: EngineReport): {
  before: AdmissionInputs | null;
  after: AdmissionInputs | null;
} {
  const step = [...report.steps.values()].find(({ type }) => type === tokens.Admission);
  return {
    before: (step?.before as AdmissionInputs | null | undefined) ?? null,
    after: (step?.after as AdmissionInputs | null | undefined) ?? null,
  };
}
