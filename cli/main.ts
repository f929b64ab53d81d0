import { run } from "./program";

/** The `tollgate` command: runs itself when it is loaded. */
void run(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
});
