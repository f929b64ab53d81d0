"use strict";
/** What the engine starts of ours, each as the arguments of bundle.cjs: a launcher bundles it, `tollgate up` asks for its content. */
const path = require("path");

const root = path.join(__dirname, "..");

/** Loaded by the SDK for serialised functions and the Automation API, which no plugin of ours has: 430 ms. */
const absent = [
  "typescript",
  "@npmcli/arborist",
  "normalize-package-data",
  "@pulumi/pulumi/automation",
];

/** The program has to share the one SDK instance of the process with the host's runner. */
const shared = ["@pulumi", "@grpc/grpc-js", "@aws-sdk"];
/** What only commands load: a runtime's operations are in the program's bundle beside its declarations. */
const operating = ["undici", "semver", "esbuild"];

module.exports = {
  program: [path.join(root, "index.ts"), { external: [...shared, ...operating] }],
  // With its own copy of the SDK bundled in: loading it file by file takes 300 ms longer.
  provider: [path.join(root, "provider", "index.ts"), { external: ["@aws-sdk"], absent }],
  // With its own copy of both SDKs: 250 ms.
  pack: [path.join(root, "pack", "index.ts"), { absent }],
};
