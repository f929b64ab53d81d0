// Says of each case when it is over: mocha, with files side by side, prints a file when all of it is.
import path from "node:path";

export const mochaHooks: Mocha.RootHookObject = {
  afterEach(this: Mocha.Context) {
    const test = this.currentTest!;
    const file = path.basename(test.file ?? "", ".spec.ts");
    const seconds = Math.round((test.duration ?? 0) / 1000);
    process.stderr.write(`   ${file}: ${test.title}, ${test.state} after ${seconds} s\n`);
  },
};
