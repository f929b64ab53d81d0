"use strict";
// What our own language host runs for the program, as package.json names it: the SDK's runner, bundled with the program.
// The runner loads program.cjs, as ever, which finds the program there.
require("./requirements.cjs").check();

require("./bundle.cjs").runBundled(...require("./entries.cjs").run);
