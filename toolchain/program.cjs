"use strict";
// What the language host loads: package.json names it as the main. Exports what index.ts exports, an async function.
require("./requirements.cjs").check();

const bundled = globalThis[Symbol.for("tollgate.program")];
module.exports = bundled
  ? bundled()
  : require("./bundle.cjs").requireBundled(...require("./entries.cjs").program);

// The runner maps stack traces to sources, and the SDK takes one for every resource: searching the bundle for its map
// would cost a preview 100 ms. An error that reaches the user is one sentence and has no trace.
Error.prepareStackTrace = undefined;
