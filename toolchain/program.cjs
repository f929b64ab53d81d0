"use strict";
// What the language host loads: package.json names it as the main. Exports what index.ts exports, an async function.
require("./requirements.cjs").check();

module.exports = require("./bundle.cjs").requireBundled(
  require("path").join(__dirname, "..", "index.ts"),
  {
    // The program has to share the one SDK instance of the process with the host's runner.
    external: ["@pulumi", "@grpc/grpc-js", "@aws-sdk"],
  },
);

// The runner maps stack traces to sources, and the SDK takes one for every resource: searching the bundle for its map
// would cost a preview 100 ms. An error that reaches the user is one sentence and has no trace.
Error.prepareStackTrace = undefined;
