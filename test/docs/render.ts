import { writeFileSync } from "node:fs";
import path from "node:path";
import { gates } from "../../policies/gates";
import { judge } from "../../policies/judge";
import { asMarkdown, asText } from "../../policies/present";
import { gatesOfExamples, refusals } from "./refusals";

/** The committed page. */
export const examplesPage = path.join(__dirname, "..", "..", "docs", "examples", "refusals.md");

const head = `# One refusal of each gate

Made by \`npm run docs:examples\` from test/docs/refusals.ts; do not edit. Each candidate passes every gate but one. The
rows of gates that pass are left out here; a preview, \`tollgate gate\` and a pull request's comment show them as well.
First as a terminal shows it, then as a comment does. \`tollgate explain <gate>\` tells more about a gate, and so does
[gates.md](../gates.md).
`;

/** The page's text as it has to be. */
export function examplesText(): string {
  const sections = gates.map(({ name }) => sectionOf(name));
  return [head, ...sections].join("\n");
}

function sectionOf(gate: string): string {
  const refusal = refusals.find((each) => each.gate === gate);
  if (!refusal) throw new Error(`test/docs/refusals.ts has no example for ${gate}; write one.`);
  const refused = judge(refusal.candidate, gatesOfExamples).filter(({ passed }) => !passed);
  return `## ${gate}

${refusal.what}

\`\`\`
${asText(refused)}
\`\`\`

${asMarkdown(refused)}
`;
}

if (require.main === module) writeFileSync(examplesPage, examplesText());
