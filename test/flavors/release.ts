// What a release asks of a new scorer before traffic, as a command: the inputs of the check as JSON on stdin. Exit code 0
// where it would go on; else the reason on stderr.
import { readFileSync } from "node:fs";
import type { ReleaseCheckInputs } from "../../provider/inputs";
import { checkScorers } from "../../provider/release/check-scorers";

checkScorers(JSON.parse(readFileSync(0, "utf8")) as ReleaseCheckInputs).catch((error: Error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
