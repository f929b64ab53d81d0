"use strict";
// The Tollgate provider, as the engine starts it: package.json beside this file names it as the main.
require("../toolchain/requirements.cjs").check();

require("../toolchain/bundle.cjs").runBundled(...require("../toolchain/entries.cjs").provider);
