"use strict";
// The policy pack, as the engine starts it: package.json beside this file names it as the main.
require("../toolchain/requirements.cjs").check();

// The SDK reads the pack's version from the working directory, which is the project's or ours, as the engine likes.
process.chdir(__dirname);

// With its own copy of both SDKs bundled in: loading them file by file takes 250 ms longer.
require("../toolchain/bundle.cjs").runBundled(require("path").join(__dirname, "index.ts"), {
  // Loaded by the SDK for serialised functions and the Automation API, which a pack has none of: 430 ms.
  absent: ["typescript", "@npmcli/arborist", "normalize-package-data", "@pulumi/pulumi/automation"],
});
