import type { GuardedResource } from "../../policies/guardrails/guardrail";
import type { Settings } from "../../config/settings";

/**
 * What the guardrails have against a rendering, a sentence each, the last of a rule with its remedy: the same rules that the policy pack asks
 * of an `up`, with the settings of the stack's project folder.
 */
export async function objectionsTo(
  { projectDir, stack }: Pick<Settings, "projectDir" | "stack">,
  resources: readonly GuardedResource[],
): Promise<string[]> {
  const [{ guardrails }, { judgeStack }, { surroundingsOf }] = await Promise.all([
    import("../../policies/guardrails"),
    import("../../policies/guardrails/guardrail"),
    import("../../pack/surroundings"),
  ]);
  const surroundings = await surroundingsOf({ projectDir, stack });
  return guardrails.flatMap((guardrail) => {
    const sentences = judgeStack(guardrail, { resources, ...surroundings });
    // One remedy is enough for all that a rule has against a rendering.
    return sentences.map((sentence, index) =>
      [
        `${guardrail.name}: ${sentence}`,
        ...(index < sentences.length - 1 ? [] : [guardrail.remedy]),
      ].join(" "),
    );
  });
}
