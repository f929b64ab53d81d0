"use strict";
// Loaded first in every program and plugin that our language host starts.
const Module = require("module");

// 1. Nothing outlives the host, even when the host is killed hard.
const host = process.ppid;
setInterval(() => {
  if (process.ppid !== host) process.exit(1);
}, 1000).unref();

// 2. The SDK loads these when it starts, 430 ms, though only serialised functions and the Automation API need them:
// load them when the first property is read.
const LAZY = new Set(["typescript", "@npmcli/arborist", "./automation"]);
const ASKING =
  /[\\/]@pulumi[\\/]pulumi[\\/](runtime[\\/]closure[\\/]|typescript-shim\.js$|index\.js$)/;
const load = Module._load;
Module._load = function (request, parent, ...rest) {
  if (!LAZY.has(request) || !ASKING.test(parent?.filename ?? "")) {
    return load.call(this, request, parent, ...rest);
  }
  Module._resolveFilename(request, parent); // A missing package has to fail here and now: the SDK has another way then.
  return lazy(() => load.call(this, request, parent, ...rest));
};

function lazy(loader) {
  let loaded;
  const real = () => (loaded ??= loader());
  return new Proxy(
    {},
    {
      // The SDK's import helper asks for `__esModule` at once; the answer may not load anything.
      get: (_, key) => (key === "__esModule" ? true : real()[key]),
      has: (_, key) => key in real(),
    },
  );
}
