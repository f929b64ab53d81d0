"use strict";
// The policy pack, as the engine starts it: package.json beside this file names it as the main.
require("../toolchain/requirements.cjs").check();

// With its own copy of both SDKs bundled in: loading them file by file takes 250 ms longer.
require("../toolchain/bundle.cjs").requireBundled(require("path").join(__dirname, "index.ts"), {
  external: ["typescript", "@npmcli/arborist"],
});
