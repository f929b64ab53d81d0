import * as pulumi from "@pulumi/pulumi";
import { releasePlace, type Settings } from "../config/settings";
import type { AdmissionInputs } from "../policies/admission-inputs";
import type { PinnedVersion } from "../policies/gate";
import { ReceiptLine } from "../provider/resources";
import { StageAlias } from "./stage-alias";
import { typeToken } from "./type-token";

export interface ReceiptArgs {
  readonly settings: Settings;
  readonly pin: PinnedVersion;
  /** From `ModelPin.admission`: what the receipt keeps of verdicts, evidence, approvals and waivers. */
  readonly admission: AdmissionInputs;
}

/**
 * The record of a promotion, written once the release is otherwise done: give what has to succeed before in `dependsOn`.
 *
 * @example new Receipt("receipt", { settings, pin, admission }, { dependsOn: stageAlias });
 */
export class Receipt extends pulumi.ComponentResource {
  static readonly type = typeToken("Receipt");

  constructor(name: string, args: ReceiptArgs, opts?: pulumi.ComponentResourceOptions) {
    const { settings, pin, admission } = args;
    super(Receipt.type, name, { pin }, opts);
    new ReceiptLine(
      `${name}-line`,
      {
        ...releasePlace(settings),
        projectDir: settings.projectDir,
        stack: settings.stack,
        pin,
        admission,
      },
      { parent: this, dependsOn: opts?.dependsOn, aliases: [belowStageAlias()] },
    );
    this.registerOutputs({});
  }
}

/** Where states that were recorded before have the line: it was a part of the stage alias. */
function belowStageAlias(): pulumi.Alias {
  return { name: "stage-alias-receipt", parent: pulumi.createUrn("stage-alias", StageAlias.type) };
}
