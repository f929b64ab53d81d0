#!/usr/bin/env node
"use strict";
// Runs dynamic providers with the SDK of the program, whose folder the engine makes the working directory.
const program = require("module").createRequire(
  require("path").join(process.cwd(), "package.json"),
);
require(program.resolve("@pulumi/pulumi/cmd/dynamic-provider"));
