"use strict";
// The Tollgate provider, as the engine starts it: package.json beside this file names it as the main.
require("../toolchain/requirements.cjs").check();

// With its own copy of the SDK bundled in: loading it file by file takes 300 ms longer.
require("../toolchain/bundle.cjs").runBundled(require("path").join(__dirname, "index.ts"), {
  external: ["@aws-sdk"],
  // Loaded by the SDK for serialised functions and the Automation API, which a provider has none of: 430 ms.
  absent: ["typescript", "@npmcli/arborist", "normalize-package-data", "@pulumi/pulumi/automation"],
});
