"use strict";
// The policy pack, as the engine starts it: package.json beside this file names it as the main. Its sources are in pack/.
require("../toolchain/requirements.cjs").check();

// The SDK reads the pack's version from the working directory, which is the project's or ours, as the engine likes.
process.chdir(__dirname);

require("../toolchain/bundle.cjs").runBundled(...require("../toolchain/entries.cjs").pack);
