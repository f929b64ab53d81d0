#!/usr/bin/env node
"use strict";
// The `tollgate` command. cli/main.ts runs itself on import.
require("./requirements.cjs").check();

require("./bundle.cjs").runBundled(require("path").join(__dirname, "..", "cli", "main.ts"), {
  // Heavy, and loaded by few commands.
  external: ["@pulumi", "@grpc/grpc-js", "@aws-sdk", "esbuild"],
});
