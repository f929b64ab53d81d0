import { type Guardrail, read } from "./guardrail";
import { tokens } from "../resource-tokens";

/** What names the served version, by type token of the resources that stand for it. */
const serving: Readonly<Record<string, readonly ("version" | "digest")[]>> = {
  [tokens.ClusterRelease]: ["version", "digest"],
  [tokens.ReleaseCheck]: ["version", "digest"],
  [tokens.Route]: ["version", "digest"],
  [tokens.StageAlias]: ["version"],
};

/**
 * Refuses a stack in which anything that serves names another version or other bytes than the one admission, or in which
 * something serves with no admission or several. A program of a user's own could otherwise go round the pin. A value that
 * isn't known at preview is refused.
 */
export const servesWhatWasAdmitted: Guardrail = {
  name: "serves-what-was-admitted",
  description: "Everything that serves in a stack serves the version its one pin was admitted for.",
  severity: "critical",
  remedy: "Give serving components the pin of the stack's one ModelPin.",
  together({ resources }) {
    const served = resources.filter(({ type }) => Object.hasOwn(serving, type));
    const admissions = resources.filter(({ type }) => type === tokens.Admission);
    if (served.length === 0) return [];
    const [admission] = admissions;
    if (!admission || admissions.length > 1) {
      return [
        `The stack serves with ${admissions.length} admitted pins; there must be exactly one.`,
      ];
    }
    return served.flatMap((resource) =>
      serving[resource.type]!.flatMap((fact) => {
        const [value, admitted] = [read(resource.props, fact), read(admission.props, "pin", fact)];
        if (typeof value === "string" && value === admitted) return [];
        const [names, was] = [value, admitted].map((each) =>
          typeof each === "string" ? each : "unknown",
        );
        return [`${resource.name} serves ${fact} ${names!}, but ${was!} was admitted.`];
      }),
    );
  },
};
