import type { Settings } from "../../config/settings";
import type { Context } from "../context";
import { type GitFacts, someOf } from "../git";

/** Says before a training what the gate would say after it, when all that time was for nothing. */
export function warnOfLineage(
  { output }: Pick<Context, "output">,
  { gates, stack, projectDir }: Pick<Settings, "gates" | "stack" | "projectDir">,
  { commit, changed }: Pick<GitFacts, "commit" | "changed">,
): void {
  const gate = gates["lineage-complete"];
  if (!gate || gate.level === "disabled") return;
  const does = gate.level === "mandatory" ? "will refuse" : "will advise against";
  const consequence = `so lineage-complete ${does} the version in ${stack}`;
  if (commit === null) {
    output.note(
      `${projectDir} has no commit in git, ${consequence}: commit it first (git init, git add, git commit).`,
      "yellow",
    );
  } else if (
    changed.length > 0 &&
    (gate.settings as { allowDirty?: boolean } | null)?.allowDirty !== true
  ) {
    const are = changed.length > 1 ? "aren't" : "isn't";
    output.note(
      `${someOf(changed)} ${are} committed, ${consequence}: stop this, commit, and train again.`,
      "yellow",
    );
  }
}
